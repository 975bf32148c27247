/* FlowProgram: everything the runtime knows of a program, as one constant that the compiler emits.
 *
 * No registration, no mutable global: many instances of one program live in one process. Pointers in it point to other
 * constants of the same object file. Indices are positions in the arrays of FlowProgram; FLOW_NONE means "none".
 * codegen/descriptor.cpp writes it, runtime/program and runtime/task read it; the struct offsets are checked by both.
 */
#pragma once
#include "runtime/abi/flow_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FLOW_NONE = 0xffffffffu };

/* ---- layouts -------------------------------------------------------------------------------------------------- */

typedef struct FlowField {
  const char* name;
  uint32_t kind;      /* FlowKind */
  uint32_t offset;    /* bytes from the start of the row */
  uint32_t null_bit;  /* bit number counted from the row's first byte, or FLOW_NONE if never null */
  uint32_t enum_type; /* index into FlowProgram.enums for FLOW_ENUM, else FLOW_NONE */
} FlowField;

/* A list inside an entry (`top n`): a u32 count at count_offset, then up to `max` rows of `row_layout`, each `stride`
 * bytes, starting at offset. */
typedef struct FlowRepeat {
  uint32_t count_offset;
  uint32_t offset;
  uint32_t stride;
  uint32_t max;
  uint32_t row_layout; /* FLOW_NONE: the layout has no list */
} FlowRepeat;

/* A list of any length that belongs to an entry (`join`): FLOW_LIST_BYTES at `offset`, aligned to 8 and all zero while
 * it is empty, read and written by flow_list_… only. Its rows are of `row_layout` and lie in the table's memory. */
enum { FLOW_LIST_BYTES = 24 };
typedef struct FlowList {
  uint32_t offset;
  uint32_t row_layout;
} FlowList;

typedef struct FlowLayout {
  const char* name;
  uint64_t fingerprint; /* of names, kinds and offsets */
  uint32_t stride;      /* bytes of a row or entry */
  uint32_t field_count;
  const FlowField* fields;
  FlowRepeat repeat;
  uint32_t list_count;
  uint32_t reserved;
  const FlowList* lists;
} FlowLayout;

typedef struct FlowEnum {
  const char* name;
  uint32_t count;
  const char* const* texts; /* as in the data; by index */
} FlowEnum;

/* ---- state ---------------------------------------------------------------------------------------------------- */

typedef enum FlowStateKind {
  FLOW_STATE_PANES = 0, /* one table per pane, freed whole when its last window closes */
  /* Results that are partial and have not been sent: data in flight. Each pane is fired alone, at the watermark that
   * closes it or earlier (flow_task_drain); in no snapshot. */
  FLOW_STATE_PARTIAL = 1,
  /* What an operator keeps for each key: one table. An entry is there as long as one of its cells or timers is set. */
  FLOW_STATE_KEYED = 2,
} FlowStateKind;

/* A cell of a KEYED state: bytes of its entries, all zero while it is not set. */
typedef struct FlowStateCell {
  const char* name;
  uint32_t set_offset;     /* u8: 1 while it is set */
  uint32_t begin, end;     /* where its fields lie */
  uint32_t written_offset; /* i64: when it was written last; FLOW_NONE: it does not expire */
  int64_t expires;         /* microseconds after that it counts as not set */
  const char* was;         /* its name in an earlier program, or "" */
} FlowStateCell;

/* A timer of a KEYED state, one per entry. Generated code reads set and time; flow_timer_set and the runtime write. */
typedef struct FlowStateTimer {
  const char* name;
  uint32_t set_offset;    /* u8: 1 while it is set */
  uint32_t time_offset;   /* i64: when it is due, microseconds; zero while it is not set */
  uint32_t queued_offset; /* i64: the runtime's own; in snapshots without meaning */
  uint32_t is_processing_time;
} FlowStateTimer;

/* A column of a state's key, in the order of its canonical bytes (`key_is_bytes`): each in its row size, a nullable one
 * after a byte that is 1 if it is null, a string behind its u32 length; a single string that is never null as it is.
 * Else its columns are the entry's first fields. For those who read a snapshot without the program. */
typedef struct FlowKeyColumn {
  const char* name;
  uint32_t kind; /* FlowKind */
  uint32_t nullable;
  uint32_t enum_type; /* index into FlowProgram.enums for FLOW_ENUM, else FLOW_NONE */
  uint32_t reserved;
} FlowKeyColumn;

/* What windows a pane state serves. TUMBLING and HOPPING: window [k*slide + offset, + size). Panes are `pane` long
 * (the greatest common divisor of size and slide). SAME: panes are the windows of the incoming rows, named by their
 * start. GLOBAL: one pane, closed by the end of the input. CUMULATE: windows [k*size + offset, + j*slide) for every j
 * with j*slide <= size; panes are `slide` long, and slide divides size. SAME_CUMULATE: the windows of rows that came
 * out of those; each is the pane that ends with it. Times in microseconds. */
typedef enum FlowWindowKind {
  FLOW_WINDOW_TUMBLING = 0,
  FLOW_WINDOW_HOPPING = 1,
  FLOW_WINDOW_SAME = 2,
  FLOW_WINDOW_GLOBAL = 3,
  FLOW_WINDOW_CUMULATE = 4,
  FLOW_WINDOW_SAME_CUMULATE = 5,
} FlowWindowKind;

typedef struct FlowState {
  const char* name; /* stable: the stream's name and the step's, e.g. "hourly_tips.aggregate" */
  uint32_t kind;    /* FlowStateKind */
  uint32_t window;  /* FlowWindowKind */
  int64_t size;
  int64_t slide;
  int64_t offset;
  int64_t pane;
  uint32_t layout;   /* of an entry: key, then value; an entry starts as zeros */
  uint32_t key_size; /* bytes of the key at the start of the entry; 16 and key_is_bytes: a FlowString of the canonical
                        bytes; 0: the state has one entry (no key) */
  uint32_t key_is_bytes;
  uint32_t trigger; /* what to pass to the chain's fire function */
  /* HOPPING: of an entry of the running window, which panes are added to and subtracted from (FLOW_DUE_SUBTRACT).
   * CUMULATE: the same, but all panes leave at once, so nothing is subtracted. FLOW_NONE: the panes of each window are
   * merged into an empty table. */
  uint32_t running_layout;
  uint32_t cell_count, timer_count; /* of a KEYED state */
  /* Of a KEYED state of session windows: where in an entry its start lies (i64); 0: it is none. Its key ends in 8 bytes
   * that say which session of the key it is, its one timer is its last instant, and `size` is the gap. */
  uint32_t session_start;
  const FlowStateCell* cells;
  const FlowStateTimer* timers;
  const FlowKeyColumn* key_columns;
  uint32_t key_column_count;
  /* HOPPING, of a join `within`: its panes are looked through as rows come, and are not merged. When a window closes,
   * the one pane at `judged` from the window's start is fired, for its rows that have found nobody; -1: none is. The
   * window reaches as far to both sides of that pane as a partner may lie. `hold`: how far the watermark that is passed
   * on stays behind, because those rows come out with their own time. All in microseconds. */
  uint32_t is_interval;
  int64_t judged;
  int64_t hold;
  /* TUMBLING, SAME: how long after its last instant a window is kept, microseconds: late rows change its results. */
  int64_t late_allow;
  /* What the names of its fields do not say, for who compares it with the state of another program: lines "name = text"
   * of keys and results that are worked out ("tips = sum(tip)"), or one line "left join within 0s..1h", "top by x
   * desc", which decides what rows it keeps. Empty or null: nothing. */
  const char* meaning;
} FlowState;

/* ---- chains and edges ----------------------------------------------------------------------------------------- */

typedef enum FlowOutputKind {
  FLOW_OUTPUT_EDGE = 0, /* rows to another chain: target is an index of edges */
  FLOW_OUTPUT_SINK = 1, /* records to a connector: target is an index of connectors */
} FlowOutputKind;

typedef struct FlowOutput {
  uint32_t kind;
  uint32_t target;
  uint32_t layout; /* rows; FLOW_NONE for a sink */
  uint32_t reserved;
} FlowOutput;

typedef struct FlowChain {
  const char* name; /* names of the fused operators, joined by " > " */
  const char* uid;  /* stable: from names in the program, never from positions */
  uint32_t source;  /* connector it reads, or FLOW_NONE */
  uint32_t port_count;
  uint32_t output_count;
  uint32_t state_count;
  const FlowOutput* outputs;
  const uint32_t* states; /* indices into FlowProgram.states */
  uint32_t parallelism;   /* 0: that of the job; 1 for what must be one task */
  uint32_t reserved;
  FlowSourceFn run_source; /* null without source */
  FlowProcessFn process;   /* null without ports */
  FlowFireFn fire;         /* null without state */
} FlowChain;

typedef enum FlowEdgeKind {
  FLOW_EDGE_FORWARD = 0,   /* task i to task i; needs equal parallelism */
  FLOW_EDGE_HASH = 1,      /* by key group of the hash */
  FLOW_EDGE_BROADCAST = 2, /* every row to every task */
  FLOW_EDGE_REBALANCE = 3, /* batches round robin */
  FLOW_EDGE_SINGLE = 4,    /* all to task 0 */
} FlowEdgeKind;

typedef struct FlowEdge {
  uint32_t kind;
  uint32_t from_chain;
  uint32_t from_output;
  uint32_t to_chain;
  uint32_t to_port;
  uint32_t layout;
  FlowKeysFn keys; /* HASH: stable hashes of the keys of a batch's rows; null otherwise */
} FlowEdge;

/* ---- connectors ----------------------------------------------------------------------------------------------- */

/* One option of a connector as the program wrote it; values come from FlowProgram.configure, in this order. */
typedef struct FlowOption {
  const char* name;
  uint32_t kind; /* FlowKind */
  uint32_t reserved;
} FlowOption;

typedef enum FlowWatermarkKind {
  FLOW_WATERMARK_NONE = 0,     /* no event time */
  FLOW_WATERMARK_LAG = 1,      /* newest - lag - 1 us */
  FLOW_WATERMARK_ASCENDING = 2 /* newest - 1 us */
} FlowWatermarkKind;

typedef enum FlowErrorPolicy {
  FLOW_ON_ERROR_STOP = 0,
  FLOW_ON_ERROR_SKIP = 1,
  FLOW_ON_ERROR_TO = 2 /* handed to the generated code as a bad record */
} FlowErrorPolicy;

/* A field as a decoder or encoder sees it. */
typedef struct FlowFormatField {
  const char* name; /* in the data (`from "startTime"`) */
  uint32_t kind;
  uint32_t nullable;
  uint32_t enum_type;
  uint32_t is_needed; /* sources: 0 if no one reads it: its cell is not filled (but the record's shape is checked) */
} FlowFormatField;

typedef struct FlowConnector {
  const char* name;   /* the stream's name: "fares", or of a sink: the stream and "as" name */
  const char* type;   /* "file", "generate", "console", "discard" */
  const char* format; /* "csv", "json", "text" or "" */
  uint32_t is_source;
  uint32_t option_count;
  const FlowOption* options;
  uint32_t field_count;
  uint32_t watermark; /* FlowWatermarkKind */
  const FlowFormatField* fields;
  uint32_t on_error;    /* FlowErrorPolicy */
  uint32_t site;        /* where it is declared */
  uint32_t parallelism; /* 0: that of the job */
  uint32_t is_final;    /* sink of a table's last rows */
  /* Options that every source has, as positions in `options` or FLOW_NONE: rate (events/s, f64), lag and idle (us). */
  uint32_t rate_option;
  uint32_t lag_option;
  uint32_t idle_option;
  uint32_t reserved;
} FlowConnector;

/* ---- params, sites, program ----------------------------------------------------------------------------------- */

typedef struct FlowParam {
  const char* name;
  const char* help; /* doc comment or "" */
  uint32_t kind;
  uint32_t is_required;
  uint32_t enum_type;
  uint32_t site;          /* of its condition, or FLOW_NONE */
  FlowCell default_value; /* if not required */
} FlowParam;

/* A place in the program that run-time messages point to. */
typedef struct FlowSite {
  const char* file;
  uint32_t line;
  uint32_t column;
  const char* text;  /* the source text of the expression or step */
  uint32_t on_error; /* FlowErrorPolicy: what a failed row does here */
  uint32_t reserved;
} FlowSite;

typedef struct FlowProgram {
  uint32_t abi_version;
  uint32_t is_bounded_by_design; /* reserved: boundedness is a run-time property of the sources */
  const char* name;              /* file name without .flow */
  const char* doc;               /* the program's doc comment or "" */
  const char* target_cpu;        /* as given to flowc */
  uint64_t cpu_features;         /* what compiled code needs, bit by bit of cpu_features.def */
  uint32_t optimisation;         /* the level, 0 to 3 */
  uint32_t reserved;
  uint64_t fingerprint; /* of the states, their layouts and the sources: what a checkpoint depends on */
  const FlowLayout* layouts;
  const FlowEnum* enums;
  const FlowState* states;
  const FlowChain* chains;
  const FlowEdge* edges;
  const FlowConnector* connectors;
  const FlowParam* params;
  const FlowSite* sites;
  uint32_t layout_count, enum_count, state_count, chain_count;
  uint32_t edge_count, connector_count, param_count, site_count;
  FlowConfigureFn configure;
} FlowProgram;

/* The one symbol that a program's object defines; the runtime's main refers to it. */
extern const FlowProgram flow_program_v1;

#ifdef __cplusplus
}
#endif
