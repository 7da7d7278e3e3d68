"""What the compressor may take as said already: the words that every record's JSON repeats.

A row is small, and most of it is names of fields: with this, half the bytes. It is part of the
format: a row opens only with the very dictionary that it was written with, so a change of it is a
new dictionary beside the old one, never an edit. This is the one of records of schema 3; nothing
was released with those before it.
"""

import zstandard

_WORDS_3 = (
    b'{"kind":"audit","record":{"actor":"unit ","event_id":"","justification":"room on the unit",'
    b'"kind":"erasure","recipient":"","subject":"reads in rows "},"schema":3}'
    b'{"kind":"action","record":{"at":{"error_s":0.1,"quality":"ntp","utc_ns":17},"hit_id":"",'
    b'"kind":"misread","note":""},"schema":3}'
    b'{"kind":"hit","record":{"doubtful":false,"hit_id":"","look_back":false,"match":{'
    b'"differences":[{"listed":"0","place":1,"probability_listed":0.0,"read":"8"}],"entry":{'
    b'"armed_area":"","armed_hours":"","colour":"","force_area":"","instruction":"",'
    b'"intelligence_grading":"","make":"","model":"","owner":"","priority":1,'
    b'"protective_marking":"","reason":"","response":"stop","source_reference":"",'
    b'"valid_from":null,"vrm":"","warning_markers":"","weed_date":null},"list_age_s":0.0,'
    b'"list_name":"","list_revision":"","match_class":"exact"},"read":'
    b'{"kind":"read","record":{"at":{"error_s":0.001,"quality":"gps","utc_ns":17},'
    b'"corners":[[1.0,2.0],[3.0,2.0],[3.0,4.0],[1.0,4.0]],"direction":"approaching",'
    b'"frames_fused":7,"hotlist_revision":"202","mono_ns":1,"origin":{"camera_id":"camera-1",'
    b'"model_digests":[["detector",""],["reader",""]],"source_id":"picamera2","unit_id":""},'
    b'"pictures":[{"length":2000,"role":1,"sha256":""},{"length":20000,"role":2,"sha256":""}],'
    b'"position":{"age_s":0.2,"error_m":4.0,"heading_deg":90.0,"latitude_deg":5,'
    b'"longitude_deg":-1.,"quality":"3d","speed_mps":13.0},"read_id":"01","text":{'
    b'"ambiguous":false,"characters":['
    b'{"alternatives":[["8",0.00],["3",0.00]],"char":"A","confidence":0.99},'
    b'{"alternatives":[["0",0.00],["1",0.00]],"char":"B","confidence":0.99}],'
    b'"confidence":0.97,"family":"current","raw":"","standing":{"cut":false,'
    b'"plate":0.99,"whole":0.9},"vrm":""}},"schema":3}'
)

RECORDS_3 = zstandard.ZstdCompressionDict(_WORDS_3, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
