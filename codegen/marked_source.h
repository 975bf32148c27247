// Reading CSV or JSON in a source function: usual records field by field into registers, the others by the runtime's
// decoder.
//
//   scan     asks for marks (runtime/vocabulary/decoding.h) from where the next record begins; there are none → plain
//   marked   JSON: asks whether the record fits its marks; it does not → unread, plain
//            reads the needed fields of one marked record; one is not right → unread, plain; then takes the record
//   plain    lets the runtime decode one record: a row, a bad record, or no more → return
//   record   the row, from either way: here the chain's operators go
//   next     the next marked record, or scan
//
// The two ways meet in `record` so that the operators are there once. Whatever `marked` accepts is what `plain` would
// have given; so it does not matter which records are marked.
#pragma once

#include "codegen/function_emitter.h"

namespace flow::codegen {

class MarkedSource {
public:
  /// In a source function.
  MarkedSource(FunctionEmitter& function, const plan::Connector& connector);

  /// Emits everything up to `record`, where the builder is left. `stop` ends the function with an error.
  void emit_reading(llvm::BasicBlock* stop);
  /// In `record`: the needed fields, and where the record begins.
  std::vector<Value> columns();
  llvm::Value* begin();
  /// Behind a record: where the next one begins, and the block that goes there.
  llvm::Value* following();
  llvm::BasicBlock* next() { return next_; }
  /// Where bad records arrive that the program wants to see, described in the cells.
  llvm::BasicBlock* bad_record() { return bad_; }
  llvm::Value* cells_at() { return cells_at_; }

private:
  /// The registers of a needed field until the two ways meet.
  struct Field {
    uint32_t number = 0; // of the connector
    sema::Type type;
    std::string_view name;
    llvm::Value* value = nullptr;
    llvm::Value* length = nullptr;
    llvm::Value* is_null = nullptr;
    llvm::Value* last_day = nullptr; // of timestamps and dates: a FlowDay
  };

  void make_slots(const plan::Connector& connector);
  void emit_scan();
  void emit_marked();
  void emit_plain(llvm::BasicBlock* stop);
  void emit_next();
  void read_field(const Field& field, llvm::Value* starts);
  void read_cell(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_usual(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_integer(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_time(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_enum(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_bool(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* read_text(const Field& field, llvm::Value* data, llvm::Value* length);
  llvm::Value* load(llvm::Value* slot, const llvm::Twine& name);
  void store(const Field& field, const Value& value);

  /// The name of a function that there is for each format: "integer" is flow_csv_integer, or flow_json_integer.
  std::string of_format(const char* what) const { return (is_json_ ? "flow_json_" : "flow_csv_") + std::string(what); }

  FunctionEmitter& f_;
  bool is_json_;
  std::vector<Field> fields_;
  llvm::BasicBlock *scan_, *marked_, *unread_, *plain_, *record_, *next_, *bad_, *end_;
  llvm::Value *begin_at_, *following_at_, *due_at_; // `due`: the marked record that comes next
  llvm::Value *plain_position_at_, *cells_at_, *cell_at_, *number_at_, *flag_at_; // what calls write to
  llvm::Value *marks_ = nullptr, *count_ = nullptr, *data_ = nullptr, *marked_fields_ = nullptr,
              *has_valid_texts_ = nullptr, *shape_ = nullptr;
};

} // namespace flow::codegen
