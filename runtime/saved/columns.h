// The columns in which the entries of a state are shown: its key, then what it is asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/formats/value.h"
#include "runtime/saved/entries.h"

namespace flow::runtime {

// What of a state is shown. Neither cell nor timer: all of it.
struct ShownState {
  const StateSchema* state = nullptr;
  const CellSchema* cell = nullptr;
  const TimerSchema* timer = nullptr;
};

// Finds what `name` means (show.h). A failure is `usage` and tells what there is.
Result<ShownState> find_shown(const Schema& schema, std::string_view name);

// "i64", "string?", of an enum its name.
std::string type_text(const Schema& schema, uint32_t kind, bool is_nullable, uint32_t enum_type);

class EntryColumns {
public:
  // `schema` outlives it.
  EntryColumns(const Schema& schema, const ShownState& shown);

  std::vector<std::string> names() const;
  // Whether the entry has anything to show.
  bool has_any(const SavedEntry& entry) const;
  // The entry as one line with its line end. False: its key cannot be read.
  bool append_csv(const SavedEntry& entry, std::string& out) const;
  bool append_json(const SavedEntry& entry, std::string& out) const;

private:
  struct Column { // a field of the entry that counts while `set_offset` says so
    Field field;
    FieldSchema from;
    uint32_t set_offset = FLOW_NONE;
  };
  struct Rows { // a list of the entry, shown as a JSON array
    std::string name;
    uint32_t layout = 0;
    int list = -1; // of SavedEntry::lists; -1: the one inside the entry
  };
  void add_field(const FieldSchema& field, uint32_t set_offset, std::string name);
  void add_cell(const CellSchema& cell);
  void add_timer(const TimerSchema& timer);
  void add_panes();
  void add_rows();
  bool is_shown(const Column& column, const SavedEntry& entry) const;
  FlowCell value_of(const Column& column, const SavedEntry& entry) const;
  std::string rows_json(const Rows& rows, const SavedEntry& entry) const;

  const Schema& schema_;
  const StateSchema& state_;
  const LayoutSchema& layout_;
  bool has_pane_ = false;
  std::vector<Field> keys_;
  std::vector<Column> columns_;
  std::vector<Rows> rows_;
};

} // namespace flow::runtime
