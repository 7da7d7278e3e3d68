"""The only folder that imports picamera2, serial, gpsd and TFLite."""
