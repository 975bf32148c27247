/* Line 2: how a host drives a task of a compiled program. Plain C, so that any engine can be a host.
 *
 * A task is one instance of a chain: single-threaded (the host calls it from one thread at a time), told everything:
 * time, watermarks, end of input, barriers. It never blocks, reads no clock, opens no file. The host merges watermarks
 * and aligns barriers over the channels of a port; the task combines ports. Only functions named here and the constant
 * FlowProgram cross the line. `flowc build --shared` makes a shared object that exports exactly these functions and
 * flow_program_v1. */
#pragma once
#include "runtime/abi/flow_program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a host gives a task. All functions are called on the task's thread, inside a call of the host. */
typedef struct FlowHost {
  void* context; /* passed back as first argument */
  /* A batch for `output` towards destination `channel` (0 <= channel < outputs' destination count), empty; never null:
   * running out of credit is told by `send`. The task owns it until it sends or returns it. */
  FlowBatch* (*take_batch)(void*, uint32_t output, uint32_t channel);
  /* Moves the batch to the host. Returns 1 if there is credit for another one, 0 if outputs are full: the task then
   * returns to the host after the current row and goes on only when called again. A sink output sends encoded bytes on
   * channel 0. */
  uint8_t (*send)(void*, uint32_t output, uint32_t channel, FlowBatch*);
  /* Control elements to every channel of every edge output, after the rows sent before. */
  void (*send_watermark)(void*, int64_t time_us, uint8_t is_idle);
  /* Maps stable hashes to destination channels of a hash output (by the host's key groups). */
  void (*channel_of)(void*, uint32_t output, const uint64_t* hashes, uint32_t count, uint32_t* channels);
  /* Or null: the channel of each of `*groups` key groups of a hash output, where a hash belongs to the group
   * (hash * *groups) >> 64. The table lives as long as the task; without one, channel_of is asked for each row. */
  const uint32_t* (*owners_of)(void*, uint32_t output, uint32_t* groups);
  /* Maps a stable hash to the key group under which state is written. Also called by the thread that writes. */
  uint32_t (*group_of)(void*, uint64_t hash);
  void (*log)(void*, int level, const char* text);
  /* Or null: this memory will be written soon, for the first time. The host may see to it, on a thread of its own, that
   * its pages are there by then. When it does, the memory may have been given back already. */
  void (*expect_pages)(void*, void* begin, uint64_t bytes);
} FlowHost;

typedef struct FlowPlace {
  uint32_t chain;
  uint32_t index; /* of this task among the chain's */
  uint32_t parallelism;
  uint32_t group_count;            /* key groups of the job */
  const FlowCell* params;          /* values by position; live as long as the task */
  const uint32_t* output_channels; /* number of destination channels per output */
  const FlowCell* const* options;  /* option cells of every connector, by connector, from flow_configure */
} FlowPlace;

typedef struct FlowSnapshot FlowSnapshot;
typedef struct FlowWriter { /* where a snapshot is written; called on any thread, one at a time per snapshot */
  void* context;
  void (*write)(void*, const void* data, uint64_t bytes);
} FlowWriter;

typedef struct FlowTaskError {
  int32_t code;     /* 0: none; else the exit code that fits (docs/running.md) */
  const char* text; /* one sentence with its place; lives as long as the task */
} FlowTaskError;

typedef struct FlowTaskCounters {
  uint64_t rows_in;
  uint64_t rows_out;     /* to edges and sinks */
  uint64_t rows_written; /* of them to sinks */
  uint64_t late, bad, skipped;
  uint64_t entries, state_bytes;
} FlowTaskCounters;

/* Evaluates params' conditions and all options once per job. `params` in program order. `options` receives for each
 * connector a cell array owned by the result. On error *error is set, its sentence lies in the result, and there are
 * no options. Never null; free it. */
typedef struct FlowConfigured FlowConfigured;
FlowConfigured* flow_configure(const FlowProgram*, const FlowCell* params, FlowTaskError* error);
const FlowCell* const* flow_configured_options(const FlowConfigured*);
void flow_configured_free(FlowConfigured*);

FlowTask* flow_task_open(const FlowProgram*, const FlowPlace*, const FlowHost*);
void flow_task_close(FlowTask*);

/* Rows for a port. Returns rows taken (call again with from = that once there is credit) or -1. After it and after a
 * pull, something may be due: step. */
int64_t flow_task_push(FlowTask*, uint32_t port, const FlowBatch*, int64_t from);
/* Input for a split of a source chain. Returns the position reached or -1. After it the cursor of the split has
 * advanced. The watermark that follows its rows may wait for flow_task_flush. */
int64_t flow_task_pull(FlowTask*, FlowSplit*, const FlowInput*, int64_t from);
void flow_task_watermark(FlowTask*, uint32_t port, int64_t time_us, uint8_t is_idle);
/* Processing time, microseconds since 1970, for chains with timers in processing time: before the first element, and
 * whenever it has gone on, before other calls. It never goes back: an earlier time counts as the last one. After it
 * something may be due: step. */
void flow_task_clock(FlowTask*, int64_t now_us);
/* When the clock makes something due, at the earliest; INT64_MAX: no timer in processing time is set. At the end of all
 * input those that are still set are dropped, while all in event time fire. */
int64_t flow_task_next_deadline(const FlowTask*);
/* Nothing more comes on this port. Of a source chain: no further split will be opened (needed where there is none). */
void flow_task_end(FlowTask*, uint32_t port);
/* Does a portion of due work (closed windows). After a restore, when all splits are open, one call tells those behind
 * the watermark. 1: there is more; 0: nothing is due (only then barriers may be taken and the next element given); -1:
 * error. Watermarks go out when the rows they cause have. */
int32_t flow_task_step(FlowTask*);
/* Before a barrier: partial results that have not been sent are due now. 1: there are some, step until nothing is due;
 * 0: none, a snapshot may be taken. */
uint8_t flow_task_drain(FlowTask*);
uint8_t flow_task_is_finished(const FlowTask*); /* all ports (splits) ended and nothing is due */
void flow_task_flush(FlowTask*);                /* sends open batches and the watermark that waits behind them */
FlowTaskError flow_task_error(const FlowTask*);
FlowTaskCounters flow_task_counters(const FlowTask*);
int64_t flow_task_current_watermark(const FlowTask*);

/* Splits of a source chain: the task keeps watermark and counters, the host the reader. */
FlowSplit* flow_split_open(FlowTask*, const char* name, uint32_t index, uint32_t splits, int64_t cursor);
void flow_split_idle(FlowTask*, FlowSplit*, uint8_t is_idle);
/* The input itself says that nothing at or before this time follows in the split; it goes out before the next row. */
void flow_split_watermark(FlowTask*, FlowSplit*, int64_t time_us);
void flow_split_end(FlowTask*, FlowSplit*);
void flow_split_advance(FlowSplit*,
                        int64_t consumed); /* the host dropped so many bytes; the cursor has counted them at pull */

/* Snapshots. capture is called between elements, after drain and flush, on the task's thread; groups and write on any
 * one thread, which copies what the task has not yet changed and asks group_of; written there, too, after the last
 * write: frees what is large, so that release has little to do. release on the task's thread when the epoch is complete
 * (kept) or aborted (its dirty marks go back), and nobody is writing. Per key group: tables, panes. List state: items
 * (per split: name, cursor, watermark, idle, finished, decoder; per task: watermark, counters). */
FlowSnapshot* flow_task_capture(FlowTask*, uint64_t epoch);
uint32_t flow_snapshot_groups(const FlowSnapshot*, uint32_t* groups,
                              uint32_t max); /* groups that hold anything; returns their number */
void flow_snapshot_write_group(const FlowSnapshot*, uint32_t group, const FlowWriter*);
uint32_t flow_snapshot_item_count(const FlowSnapshot*);
void flow_snapshot_write_item(const FlowSnapshot*, uint32_t item, const FlowWriter*);
void flow_snapshot_written(FlowSnapshot*); /* may be left out */
void flow_snapshot_release(FlowSnapshot*, uint8_t is_kept);
/* Restore, before the first element. Groups go to the task that owns them, items as the host distributes them: a split
 * item to exactly one task of the chain, the task item to all (watermarks combine to their minimum). Returns 0 or -1.
 */
int32_t flow_task_restore_group(FlowTask*, uint32_t group, const void* data, uint64_t bytes);
int32_t flow_task_restore_item(FlowTask*, const void* data, uint64_t bytes);
/* For hosts: is this item a split, and which? Copies the name (cut to `size`); returns 1 for a split, 0 for a task
 * item. */
uint8_t flow_item_split_name(const void* data, uint64_t bytes, char* name, uint64_t size);
FlowSplit* flow_split_find(FlowTask*, const char* name); /* a restored split, or null */
int64_t flow_split_cursor(const FlowSplit*);
uint8_t flow_split_is_finished(const FlowSplit*);

/* Batches, for hosts: layouts are in the program. rows_max 0: as many as make about 16 KB. A batch's bytes are all of
 * it: a copy of them is the same batch. */
FlowBatch* flow_batch_new(uint32_t stride, uint32_t rows_max, uint64_t heap_bytes);
void flow_batch_free(FlowBatch*);
void flow_batch_reset(FlowBatch*);
FlowBatch* flow_batch_copy(const FlowBatch*);
uint64_t flow_batch_bytes(const FlowBatch*);
const uint8_t* flow_batch_data(const FlowBatch*, uint64_t* bytes); /* encoded bytes of a sink output's batch */

#ifdef __cplusplus
}
#endif
