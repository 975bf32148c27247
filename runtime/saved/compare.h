// Whether the state of a checkpoint fits a program, cell by cell: what is called the same is the same. One judgement
// for the start of a job and for `flowc check --against`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/saved/schema.h"

namespace flow::runtime {

enum class Fit : uint8_t {
  identical,
  migratable,   // every value that was kept is kept; what is new begins unset or null
  lossy,        // something that was kept is dropped: only if it is asked for
  incompatible, // no value of the program's can be made of it
};

struct PartFit {
  std::string name; // "alerts.process.first"; of a source its name
  Fit fit = Fit::identical;
  std::string why; // empty: there is nothing to say
};

// How a field's value comes over.
struct FieldMove {
  FieldSchema from, to;
  std::vector<uint32_t> enum_numbers; // by the number of the value before
};
struct RowMove {
  std::vector<FieldMove> fields;
  std::vector<uint32_t> null_bits; // of new fields: they are null
};
// A part of an entry that counts while a flag says so; of a pane's entry there is one, which always does.
struct CellMove {
  uint32_t from_set = FLOW_NONE, to_set = FLOW_NONE;
  RowMove row;
  uint32_t from_written = FLOW_NONE, to_written = FLOW_NONE;
};
struct TimerMove {
  TimerSchema from, to;
};
// How the entries of a state come over; numbers of states and layouts in the two schemas.
struct StateMove {
  size_t from = 0, to = 0;
  std::vector<CellMove> cells;
  std::vector<TimerMove> timers;
  RowMove repeat;             // of the rows of the list inside the entry
  std::vector<RowMove> lists; // of the lists' rows, in the order of the new layout
  std::vector<size_t> list_from;
};

struct Comparison {
  std::vector<PartFit> parts; // states by their names, then sources
  std::vector<StateMove> moves;
  bool needs_move = false; // some entry has other bytes in the program than in the checkpoint

  Fit worst() const;
};

Comparison compare(const Schema& saved, const Schema& program);

// "migratable    alerts.process.first: …", one for each part that is at least `from`; as text with line ends.
std::vector<std::string> comparison_lines(const Comparison& comparison, Fit from);
std::string comparison_text(const Comparison& comparison, Fit from);

} // namespace flow::runtime
