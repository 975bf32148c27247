/* The complete list of what generated code can say, in C: a few dozen small functions, `flow_…`.
 *
 * Compiled twice: natively (unit tests, the runtime itself) and to bitcode that flowc embeds and inlines into every
 * chain (all are always_inline there). Types are read from the bitcode, so a function is declared once, here. Functions
 * named flow_rt_… are slow paths: declared here, defined in the runtime archive, never inlined, noexcept.
 * Function signatures of stdlib's `extern fn` stand in functions.h, with these rules: first argument FlowTask*; a
 * string or bytes argument is two arguments (data, length), a string result a FlowView whose null pointer is null; bool
 * is uint8_t; enum, date are int32_t; timestamp, duration int64_t; a nullable number result is FlowMaybe. Arguments are
 * never null: the caller tests. A failing function calls flow_fail and returns zero.
 */
#pragma once
#include "runtime/abi/flow_abi.h"

/* A slow path that no row takes in the usual case. */
#define FLOW_COLD __attribute__((cold))

#ifdef __cplusplus
extern "C" {
#endif

typedef struct FlowMaybe { /* a nullable number: f64 as its bits */
  int64_t bits;
  uint64_t is_null;
} FlowMaybe;

/* Why a row failed; texts stand in runtime/task/failures.cpp. */
typedef enum FlowFailure {
  FLOW_FAIL_OVERFLOW = 1, /* integer overflow in + - * or unary - */
  FLOW_FAIL_DIVISION = 2, /* integer division or remainder by zero */
  FLOW_FAIL_CAST = 3,     /* value does not fit the type, or the text is not a value of it */
  FLOW_FAIL_ARGUMENT = 5, /* argument outside a function's domain */
  FLOW_FAIL_PARAM = 6,    /* a param's `where` condition is false */
  FLOW_FAIL_SIZE = 7,     /* a string or row larger than the limit */
  FLOW_FAIL_DEPTH = 8,    /* a function calls itself too deeply */
} FlowFailure;

/* ---- task ---- */
int64_t flow_watermark(FlowTask*); /* combined over ports; INT64_MIN before the first */
int64_t flow_now(FlowTask*);       /* processing time, microseconds since 1970: the same for all of a call */
const FlowCell* flow_param(FlowTask*, uint32_t index);
uint8_t flow_failed(FlowTask*);                                       /* did flow_fail happen in this row? */
FLOW_COLD void flow_fail(FlowTask*, uint32_t site, uint32_t failure); /* the first failure of a row counts */
/* Functions of the stdlib call flow_fail with site UINT32_MAX; their caller then names the place. */
FLOW_COLD void flow_fail_at(FlowTask*, uint32_t site);
uint8_t flow_is_deep(FlowTask*); /* is the stack of this call nearly used up? */
void flow_forgive(FlowTask*);    /* try(…): takes the failure back */
/* Applies the policy of the failed site and clears the failure. 1: stop, the function must return -1. 0: the row was
 * skipped and counted, go on with the next. */
FLOW_COLD uint8_t flow_rt_row_failed(FlowTask*);
FLOW_COLD void flow_rt_count_late(FlowTask*, uint32_t state); /* one late row at this state */
/* Scratch memory for computed strings; lives until the next flow_scratch_reset (generated code resets per row). */
char* flow_scratch(FlowTask*, uint64_t bytes);
void flow_scratch_reset(FlowTask*);

/* ---- batches and strings ---- */
int64_t flow_batch_rows(const FlowBatch*);
const uint8_t* flow_batch_row(const FlowBatch*, int64_t row, uint32_t stride);
const uint8_t* flow_batch_heap(const FlowBatch*);
FlowView flow_view(const uint8_t* slot, const uint8_t* heap); /* slot: a FlowString in a row or entry */
uint64_t flow_heap_bytes(uint64_t length); /* heap room that a string of this length needs: 0 when inline */
uint8_t flow_equal(const char* a, uint64_t a_length, const char* b, uint64_t b_length);
int32_t flow_compare(const char* a, uint64_t a_length, const char* b, uint64_t b_length); /* bytewise: <0, 0, >0 */

/* ---- outputs ---- `output` is the position in FlowChain.outputs. A row comes zeroed and has `heap_bytes` reserved for
 * its strings; the pointer is valid until the next row of the same output. */
uint8_t* flow_out_row(FlowTask*, uint32_t output, uint32_t stride, uint64_t heap_bytes);
uint8_t* flow_out_row_keyed(FlowTask*, uint32_t output, uint64_t hash, uint32_t stride, uint64_t heap_bytes);
void flow_out_string(FlowTask*, uint32_t output, uint8_t* slot, const char* data, uint64_t length);
/* Tested once per row, after it: return the next position. Outputs are full, or a timer is due before the next row. */
uint8_t flow_out_full(FlowTask*);
FlowCell* flow_sink_cells(FlowTask*, uint32_t output); /* one per field of the sink; to be filled whole */
void flow_rt_sink_record(FlowTask*, uint32_t output);  /* encodes the cells into the output's bytes */
void flow_count_discarded(FlowTask*, uint32_t output, uint64_t rows); /* of a sink that throws rows away */

/* ---- sources ---- */
/* Decodes the next record and advances *position. 1: a row, cells by field of the connector. 2: a bad record under
 * policy TO: cells are text, file, line, column, field, reason. 0: no further whole record in this input, or rows_max
 * reached. -1: stop, the error is in the task (return -1). Skipped bad records are counted inside. */
int32_t flow_rt_decode(FlowTask*, FlowSplit*, const FlowInput*, int64_t* position, const FlowCell** cells);
int64_t flow_split_number(FlowSplit*, int64_t position); /* generate: the event number at this position of the split */
/* Tells the split of a row's event time. 1: the row is behind a watermark that has not gone out yet: return the row's
 * position without having processed it; the core sends the watermark and calls again. */
uint8_t flow_observe_time(FlowSplit*, int64_t time_us);
/* The same where nobody goes by the watermarks. */
void flow_observe_newest(FlowSplit*, int64_t time_us);

/* ---- hashes: stable across processes and versions, part of stored formats ---- */
uint64_t flow_hash_i64(uint64_t value); /* of one integer-like key of at most 8 bytes, zero/sign extended */
uint64_t flow_hash_bytes(const char* data, uint64_t length); /* XXH3 64 */
double flow_canonical_f64(double); /* -0.0 to 0.0, every NaN to one; before a float becomes a key */

/* ---- state ---- entry pointers are valid until the next insertion into the same table or the end of the call. */
FlowTable* flow_pane(FlowTask*, uint32_t state,
                     int64_t pane_start); /* `state`: position in FlowChain.states; opened at need; last one cached */
/* Of a partial state. Whether its rows go out each on its own, the same for all of a call; and how many came, once at
 * the end of the call. */
uint8_t flow_sends_alone(FlowTask*, uint32_t state);
void flow_count_combined(FlowTask*, uint32_t state, uint64_t rows);
/* The pane that was used last, if its entries are found by hash and lie beyond the nearest caches; else null. For it,
 * flow_table_ahead asks for the memory where a later flow_table_upsert of this hash will begin to look. */
FlowTable* flow_large_pane(FlowTask*, uint32_t state);
void flow_table_ahead(FlowTable*, uint64_t hash, uint32_t stride);
uint8_t* flow_table_upsert(FlowTable*, uint64_t hash, const uint8_t* key, uint32_t key_size, uint32_t stride);
uint8_t* flow_table_upsert_bytes(FlowTable*, uint64_t hash, const char* key, uint64_t length, uint32_t stride);
uint8_t* flow_table_single(FlowTable*, uint32_t stride); /* the one entry of a state without key */
/* Of a join `within`. Where a process function notes how far it came inside of the row at which it returns, as it
 * likes: FLOW_CURSOR_WORDS, zero when it begins with a row, and to be left so when it is done with one. */
uint64_t* flow_row_cursor(FlowTask*);
/* The pane that starts there, or null. The entry of a key (its bytes in the entry, or its canonical bytes) for reading,
 * or null. */
FlowTable* flow_rt_pane_at(FlowTask*, uint32_t state, int64_t pane_start);
const uint8_t* flow_rt_table_lookup(FlowTable*, uint64_t hash, const char* key, uint64_t length);
/* Of a KEYED state: its one table, and what is set in its entries. Handlers make no entry but the one they handle. */
FlowTable* flow_keyed(FlowTask*, uint32_t state);
/* Sets timer `timer` of an entry, or moves it: flag and time. `hash`: that of its key. A time in processing time is
 * absolute. A timer that is due already fires before the next row. To cancel: write zeros over flag and time. */
void flow_timer_set(FlowTask*, uint32_t state, uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us);
/* Last in the handler of a row, also of one that failed, if no flag of the entry is set: erases it, the pointer is
 * dead. The handler of a timer leaves this to the runtime. */
void flow_settle_entry(FlowTask*, uint32_t state, uint8_t* entry);
/* Of a KEYED state of session windows. The session that the row belongs to, made if need be, widened by the row; its
 * end is the latest row and the gap. If the row joins two sessions, the other is in *other, still to be added up and
 * dropped; else that is null. Null: the row is late. `key`: the bytes of the rows' key, of which `hash` is. */
uint8_t* flow_session(FlowTask*, uint32_t state, uint64_t hash, const char* key, uint64_t key_size, int64_t time_us,
                      uint8_t** other);
/* Erases `other`; where `session` lies now. */
uint8_t* flow_session_drop(FlowTask*, uint32_t state, uint8_t* other, uint8_t* session);
uint8_t* flow_entry(FlowTable*, int64_t index, uint32_t stride);
uint64_t flow_entry_hash(FlowTable*, int64_t index);
const uint8_t* flow_table_heap(FlowTable*); /* base of the strings in its entries; moves when one is stored */
void flow_entry_string(FlowTable*, uint8_t* slot, const char* data,
                       uint64_t length); /* a new cell; slot inside an entry */
/* Makes room at `position` of the list at `list` (count u32 at list; rows start at `rows`) by moving the rest back;
 * the last row falls out when the list holds `max`. Returns the zeroed row. Used by `top`. */
uint8_t* flow_list_insert(uint8_t* count, uint8_t* rows, uint32_t position, uint32_t row_stride, uint32_t max);
/* Lists of any length (FlowList): `list` lies in an entry of the table. append: the new last row, zeroed; the entry is
 * one that has just been upserted. at: the row at a place (two words; zeros are the beginning), or null at the end; it
 * may move the place to the same row in another chunk. The next row is one more in place[1]. */
uint8_t* flow_list_append(FlowTable*, uint8_t* list, uint32_t row_stride);
const uint8_t* flow_list_at(FlowTable*, const uint8_t* list, uint64_t* place, uint32_t row_stride);

/* ---- exact float sums: pair[0] + pair[1], order does not show while magnitudes lie within about 2^50 ---- */
void flow_sum_add(double* pair, double value);
void flow_sum_merge(double* pair, const double* other);
double flow_sum_value(const double* pair);

#ifdef __cplusplus
}
#endif
