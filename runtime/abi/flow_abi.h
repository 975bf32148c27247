/* Line 1, the data that crosses it: what generated code and the runtime core exchange, in plain C.
 *
 * Generated code sees these types only as opaque pointers or as the small values below; it reads and writes rows at
 * offsets that compiler/plan/layout.cpp decided, and reaches everything else through runtime/vocabulary. So the
 * structs behind FlowTask, FlowBatch and FlowSplit may change without the compiler knowing.
 *
 * Rows. A row is `stride` bytes. A field lies at its offset in the size of its kind (FLOW_KIND in kinds.def):
 * integers and floats little endian; timestamp, duration: i64 microseconds; date: i32 days since 1970; enum: i32
 * index; bool: u8. A nullable field has a bit in the layout's null bytes: 1 means null, and the field's bytes are
 * zero. Strings and bytes are 16 bytes (FlowString). The heap offset counts from the start of the batch's heap, or
 * of the table's arena. A row that has event time carries it as an ordinary field named "@time".
 */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FLOW_ABI_VERSION = 1 };

/* The scalar kinds; sizes and names stand in kinds.def. */
typedef enum FlowKind {
#define FLOW_KIND(name, text, size, align) FLOW_##name,
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
  FLOW_KIND_COUNT
} FlowKind;

/* A string in a row or an entry: up to 12 bytes inline, else a 4-byte prefix and an offset. Unused bytes are zero, so
 * that two short strings are equal exactly when their 16 bytes are. */
typedef struct FlowString {
  uint32_t length;
  char prefix[4];
  union {
    char rest[8];
    uint64_t offset;
  } tail;
} FlowString;
enum { FLOW_STRING_INLINE_MAX = 12, FLOW_TEXT_BYTES_MAX = 16 * 1024 * 1024 };

/* A string in registers: a view that lives as long as the row, entry or scratch memory it points into. A null
 * pointer is the null string where a function may return null; the empty string has a non-null pointer. */
typedef struct FlowView {
  const char* data;
  uint64_t length;
} FlowView;

/* One decoded or to-be-encoded field. Integers of every width, bool, enum index, date (days), timestamp and duration
 * (microseconds) are sign- or zero-extended into `i`; f32 and f64 are in `f`; strings and bytes in `s`.
 * `is_null` is 0 or 1; a null cell's value is zero. */
typedef struct FlowCell {
  union {
    int64_t i;
    double f;
    const char* s;
  } value;
  uint32_t length; /* bytes, of a string */
  uint8_t is_null;
  uint8_t reserved[3];
} FlowCell;

typedef struct FlowTask FlowTask;   /* one task: what a generated function is called with */
typedef struct FlowBatch FlowBatch; /* rows of one layout with a heap, or encoded bytes (runtime/batch) */
typedef struct FlowSplit FlowSplit; /* what a source reads: cursor, watermark, counters (runtime/task) */

/* Bytes at the start of a FlowSplit that change while a source function runs: it works on a copy of them. */
enum { FLOW_SPLIT_BYTES = 48 };

/* Numbers of generated events lie below this: at a hundred million events a second, 22 years. */
static const int64_t FLOW_EVENT_NUMBERS = INT64_C(1) << 56;

/* What one call of a source function may read.
 *   bytes:   `data` holds whole records and perhaps a last partial one; positions count from `data`.
 *   numbers: data is null; positions count events of the split; `end` is exclusive. */
typedef struct FlowInput {
  const char* data;
  int64_t end;      /* bytes or event numbers available */
  int64_t rows_max; /* stop after so many records (rate, fairness); at least 1 */
  uint8_t is_last;  /* bytes: nothing follows; a last record without newline counts */
  uint8_t reserved[7];
} FlowInput;

/* What a change of a table's row is; the values of Flink's RowKind. In generated code only: no row in memory has it. */
enum { FLOW_CHANGE_INSERT = 0, FLOW_CHANGE_UPDATE_BEFORE = 1, FLOW_CHANGE_UPDATE_AFTER = 2, FLOW_CHANGE_DELETE = 3 };

/* One portion of due work. phase EMIT: entries [first, count) of `table` belong to a window that closed. phase MERGE:
 * entries of `table` are to be merged into `into` (hopping windows, before EMIT). phase SUBTRACT: they leave the
 * running window `into`, after EMIT. phase TIMER: timer number `timer` of `entry`, whose key has `hash`, has come to
 * its time `window_start`; it is not set any more. `count` is 1: it is handled in one call. */
typedef struct FlowTable FlowTable;
typedef struct FlowDue {
  uint32_t phase; /* FLOW_DUE_… */
  uint32_t reserved;
  FlowTable* table;
  FlowTable* into;
  int64_t count;        /* entries in table */
  int64_t window_start; /* microseconds; both INT64_MIN/MAX for the global window */
  int64_t window_end;
  uint8_t* entry; /* of TIMER */
  uint64_t hash;
  uint32_t timer;
  uint32_t reserved2;
  /* EMIT: where the function notes how far it came inside of the entry that it returns, as it likes. Zero when it
   * begins with an entry, and to be left so when it is done with one. */
  uint64_t* cursor; /* FLOW_CURSOR_WORDS of them */
} FlowDue;
enum { FLOW_CURSOR_WORDS = 6 };
enum { FLOW_DUE_EMIT = 0, FLOW_DUE_MERGE = 1, FLOW_DUE_SUBTRACT = 2, FLOW_DUE_TIMER = 3 };

/* The shapes of generated functions, all per call, none per event. They return how far they came: less than given
 * means "stop here for now" (outputs full, or a watermark must go out before the next row): call again from there.
 * Negative: stop, the error is in the task. They never block, read no clock, unwind nothing, and allocate only
 * through the vocabulary. */
typedef int64_t (*FlowSourceFn)(FlowTask*, FlowSplit*, const FlowInput*, int64_t from);
typedef int64_t (*FlowProcessFn)(FlowTask*, uint32_t port, const FlowBatch*, int64_t from);
typedef int64_t (*FlowFireFn)(FlowTask*, uint32_t trigger, const FlowDue*, int64_t from);
/* Stable key hashes of a batch's rows, for hosts that partition by themselves. */
typedef void (*FlowKeysFn)(FlowTask*, const FlowBatch*, uint64_t* hashes);
/* Evaluates the options of connector `index` (or, index == UINT32_MAX, the `where` conditions of the params) from the
 * params. Writes one cell per option; returns 0, or -1 with the error in the task. Strings live in its scratch memory.
 */
typedef int64_t (*FlowConfigureFn)(FlowTask*, uint32_t index, FlowCell* out);

#ifdef __cplusplus
}
#endif
