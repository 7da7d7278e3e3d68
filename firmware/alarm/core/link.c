/* Frames, session, acknowledgement. */
#include "unit.h"

uint8_t link_next(link_t *link, uint8_t *byte) {
    if (link->out_count == 0) return 0;
    *byte = link->out[link->out_first];
    link->out_first = (uint8_t)((link->out_first + 1) % sizeof link->out);
    link->out_count--;
    return 1;
}

/* A frame that does not fit whole is dropped whole and counted: all but STATUS are repeated anyway. */
static void send(unit_t *unit, frame_t *frame, uint8_t type, uint8_t seq) {
    uint8_t wire[FRAME_WIRE_MAX];
    link_t *link = &unit->link;
    frame->header.version = PROTOCOL_VERSION;
    frame->header.type = type;
    frame->header.session = link->session;
    frame->header.seq = seq;
    uint8_t length = frame_make(frame, wire);
    if (length > sizeof link->out - link->out_count) {
        count_up(&unit->counts.frames_unsent);
        return;
    }
    for (uint8_t i = 0; i < length; i++) {
        link->out[(link->out_first + link->out_count++) % sizeof link->out] = wire[i];
    }
}

static void send_ack(unit_t *unit, const header_t *command, uint8_t result) {
    frame_t frame;
    ack_t ack = {.acked_type = command->type, .result = result};
    frame.length = encode_ack(&ack, frame.payload);
    send(unit, &frame, MSG_ACK, command->seq);
}

static void send_hello(unit_t *unit, uint8_t seq) {
    frame_t frame;
    hello_t hello = {
        .firmware_major = FIRMWARE_MAJOR,
        .firmware_minor = FIRMWARE_MINOR,
        .firmware_patch = FIRMWARE_PATCH,
        .firmware_digest = unit->board.firmware_digest,
        .protocol_digest = PROTOCOL_DIGEST,
        .board_serial = unit->board.board_serial,
        .reset_cause = unit->board.reset_cause,
        .unit_faults = unit->faults,
        .alert_slots = ALERT_SLOTS,
    };
    frame.length = encode_hello(&hello, frame.payload);
    send(unit, &frame, MSG_HELLO, seq);
}

static uint8_t status_flags(const unit_t *unit) {
    uint8_t flags = unit->night ? STATUS_NIGHT : 0;
    if (unit->show.fault_silenced) flags |= STATUS_FAULT_SILENCED;
    if (unit->show.playing != PLAYING_NOTHING) flags |= STATUS_SOUNDING;
    if (unit->show.playing == PLAYING_TEST || unit->show.test_ms) flags |= STATUS_TESTING;
    return flags;
}

static void send_status(unit_t *unit) {
    frame_t frame;
    status_t status = {
        .unit_faults = unit->faults,
        .shown_alert = unit->show.shown,
        .alerts = alerts_count(&unit->alerts, 0),
        .unsounded = alerts_count(&unit->alerts, 1),
        .pattern = unit->show.player.pattern,
        .volume = show_volume(unit),
        .flags = status_flags(unit),
        .buttons = unit->buttons.down,
        .supply_mv = unit->supply_mv,
        .uptime_s = unit->now_ms / 1000,
    };
    frame.length = encode_status(&status, frame.payload);
    send(unit, &frame, MSG_STATUS, 0);
    unit->link.status_ms = unit->now_ms;
}

static void send_counters(unit_t *unit, uint8_t seq) {
    frame_t frame;
    const counts_t *counts = &unit->counts;
    counters_t counters = {
        .frames_good = counts->frames_good,
        .frames_bad = counts->frames_bad,
        .frames_refused = counts->frames_refused,
        .frames_repeated = counts->frames_repeated,
        .frames_unsent = counts->frames_unsent,
        .uart_errors = counts->uart_errors,
        .events_repeated = counts->events_repeated,
        .events_dropped = counts->events_dropped,
        .alerts_taken = counts->alerts_taken,
        .presses_refused = counts->presses_refused,
        .stack_free_b = board_stack_free_b(),
        .loop_late_max_ms = counts->loop_late_max_ms,
    };
    frame.length = encode_counters(&counters, frame.payload);
    send(unit, &frame, MSG_COUNTERS, seq);
}

static void send_event(unit_t *unit) {
    frame_t frame;
    events_t *events = &unit->events;
    const event_t *event = events_first(events);
    uint32_t age_ms = unit->now_ms - event->at_ms;
    if (event->type == MSG_BUTTON) {
        uint32_t heard_ms = event->heard ? unit->now_ms - event->heard_ms : NEVER_HEARD;
        button_t button = {event->a, event->b, event->alert_id, age_ms, heard_ms, 0};
        frame.length = encode_button(&button, frame.payload);
    } else if (event->type == MSG_SOUNDED) {
        sounded_t sounded = {event->alert_id, age_ms, 0};
        frame.length = encode_sounded(&sounded, frame.payload);
    } else {
        fault_t fault = {event->fault, event->a, event->detail, 0};
        frame.length = encode_fault(&fault, frame.payload);
    }
    send(unit, &frame, event->type, events->seq);
    if (events->sent) count_up(&unit->counts.events_repeated);
    if (events->sent < 2) events->sent++;
    events->sent_ms = unit->now_ms;
}

void link_tick(unit_t *unit) {
    uint8_t listened_to = unit->link.session != 0 && !(unit->faults & FAULT_HOST_SILENT);
    if (listened_to && events_due(&unit->events, unit->now_ms)) send_event(unit);
    if (unit->now_ms - unit->link.status_ms >= UNIT_STATUS_MS) send_status(unit);
}

static uint8_t take_alert(unit_t *unit, const uint8_t *payload) {
    alert_t alert;
    decode_alert(&alert, payload);
    if (events_closes(&unit->events, alert.alert_id)) return RESULT_CLOSED;
    uint8_t result = alerts_add(&unit->alerts, &alert, unit->now_ms);
    if (result == RESULT_ACCEPTED) count_up(&unit->counts.alerts_taken);
    return result;
}

static uint8_t take_clear(unit_t *unit, const uint8_t *payload) {
    clear_t clear;
    decode_clear(&clear, payload);
    for (uint8_t i = 0; i < ALERT_SLOTS; i++) {
        slot_t *slot = &unit->alerts.slot[i];
        if (!slot->used || !(id_is_zero(clear.alert_id) || id_equal(slot->id, clear.alert_id))) continue;
        slot->used = 0;
        show_cleared(unit, i);
    }
    return RESULT_ACCEPTED;
}

static uint8_t take_settings(unit_t *unit, const uint8_t *payload) {
    settings_t settings;
    decode_settings(&settings, payload);
    if (settings.volume > VOLUME_MAX || settings.night > 1) return RESULT_BAD_VALUE;
    unit->volume = settings.volume;
    unit->night = settings.night;
    return RESULT_ACCEPTED;
}

static uint8_t take_signal(unit_t *unit, const uint8_t *payload) {
    signal_t signal;
    decode_signal(&signal, payload);
    if (signal.signal != SIGNAL_DOCK_DONE && signal.signal != SIGNAL_DOCK_FAILED) return RESULT_BAD_VALUE;
    show_signal(unit, signal.signal == SIGNAL_DOCK_DONE ? PLAY_DOCK_DONE : PLAY_DOCK_FAILED);
    return RESULT_ACCEPTED;
}

static uint8_t is_test_item(uint8_t item) {
    return item <= TEST_LAMP_GREEN || (item >= TEST_PATTERN_STOP && item <= TEST_PATTERN_DOCK_DONE) ||
           item == TEST_PATTERN_DOCK_FAILED;
}

static uint8_t take_test(unit_t *unit, const uint8_t *payload) {
    test_t test;
    decode_test(&test, payload);
    if (!is_test_item(test.item)) return RESULT_BAD_VALUE;
    if (alerts_count(&unit->alerts, 0)) return RESULT_BUSY;
    show_test(unit, &test);
    return RESULT_ACCEPTED;
}

static uint8_t take_provision(unit_t *unit, const uint8_t *payload) {
    provision_t provision;
    decode_provision(&provision, payload);
    if (alerts_count(&unit->alerts, 0)) return RESULT_BUSY; /* writing takes 40 ms */
    for (uint8_t i = 0; i < sizeof provision.board_serial.b; i++) {
        uint8_t c = provision.board_serial.b[i];
        if (c != 0 && (c < '-' || c > 'z')) return RESULT_BAD_VALUE;
    }
    unit->board.board_serial = provision.board_serial;
    board_store_serial(provision.board_serial);
    return RESULT_ACCEPTED;
}

static uint8_t run_command(unit_t *unit, const frame_t *frame) {
    switch (frame->header.type) {
#define COMMAND(NAME, name) \
    case MSG_##NAME: \
        return frame->length == NAME##_SIZE ? take_##name(unit, frame->payload) : RESULT_BAD_LENGTH;
        COMMAND(ALERT, alert)
        COMMAND(CLEAR, clear)
        COMMAND(SETTINGS, settings)
        COMMAND(SIGNAL, signal)
        COMMAND(TEST, test)
        COMMAND(PROVISION, provision)
    default:
        return RESULT_BAD_TYPE;
    }
}

/* The host sends one command at a time, so a seq that is not ahead of the last one is an old frame come late. */
static void take_command(unit_t *unit, const frame_t *frame) {
    link_t *link = &unit->link;
    uint8_t ahead = (uint8_t)(frame->header.seq - link->seq);
    if (link->command_known && ahead == 0) {
        count_up(&unit->counts.frames_repeated);
    } else if (link->command_known && ahead >= 128) {
        count_up(&unit->counts.frames_refused);
        return;
    } else {
        link->result = run_command(unit, frame);
        link->seq = frame->header.seq;
        link->command_known = 1;
        if (link->result >= RESULT_BAD_LENGTH) count_up(&unit->counts.frames_refused);
    }
    send_ack(unit, &frame->header, link->result);
}

static void host_is_heard(unit_t *unit) {
    unit->link.host_ms = unit->now_ms;
    unit_fault(unit, FAULT_HOST_SILENT, 0, 0);
    unit_fault(unit, FAULT_VERSION, 0, 0);
}

static void take_hello(unit_t *unit, const frame_t *frame) {
    if (frame->header.session == 0 || frame->length != 0) {
        send_ack(unit, &frame->header, RESULT_BAD_VALUE);
        return;
    }
    host_is_heard(unit);
    if (frame->header.session != unit->link.session) {
        unit->link.session = frame->header.session;
        unit->link.command_known = 0;
        unit->events.sent = 0;
    }
    send_hello(unit, frame->header.seq);
    unit_fault(unit, FAULT_WATCHDOG_RESET, 0, 0); /* the host has been told */
    unit_fault(unit, FAULT_BROWN_OUT, 0, 0);
}

static void take_heartbeat(unit_t *unit, const frame_t *frame) {
    heartbeat_t heartbeat;
    if (frame->length != HEARTBEAT_SIZE) {
        send_ack(unit, &frame->header, RESULT_BAD_LENGTH);
        return;
    }
    decode_heartbeat(&heartbeat, frame->payload);
    host_is_heard(unit);
    unit->host_faults = heartbeat.host_faults;
    unit->list_age = heartbeat.list_age;
    unit_fault(unit, FAULT_HOST_REPORTS, heartbeat.host_faults != 0, heartbeat.host_faults);
}

static void take_in_session(unit_t *unit, const frame_t *frame) {
    switch (frame->header.type) {
    case MSG_HEARTBEAT:
        take_heartbeat(unit, frame);
        break;
    case MSG_EVENT_ACK:
        events_acknowledge(&unit->events, frame->header.seq);
        break;
    case MSG_COUNTERS_REQUEST:
        send_counters(unit, frame->header.seq);
        break;
    default:
        take_command(unit, frame);
    }
}

static void take_frame(unit_t *unit, const frame_t *frame) {
    if (frame->header.version != PROTOCOL_VERSION) {
        count_up(&unit->counts.frames_refused);
        unit_fault(unit, FAULT_VERSION, 1, frame->header.version);
        send_ack(unit, &frame->header, RESULT_BAD_VERSION);
    } else if (frame->header.type == MSG_HELLO_REQUEST) {
        take_hello(unit, frame);
    } else if (frame->header.session != unit->link.session || unit->link.session == 0) {
        count_up(&unit->counts.frames_refused);
        send_ack(unit, &frame->header, RESULT_NO_SESSION);
    } else {
        take_in_session(unit, frame);
    }
}

void link_take(unit_t *unit, uint8_t byte) {
    static frame_t frame; /* not on the stack: one frame is taken at a time */
    frame_status_t status = frame_take(&unit->link.reader, byte, &frame);
    if (status == FRAME_BAD) unit->counts.frames_bad++;
    if (status != FRAME_GOOD) return;
    unit->counts.frames_good++;
    take_frame(unit, &frame);
}
