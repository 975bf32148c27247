// Entries of a checkpoint outside of any task: read by the schema that lies beside them, written by that or another.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/saved/schema.h"
#include "runtime/state/layout_codec.h"

namespace flow::runtime {

struct SavedEntry {
  int64_t pane_us = 0; // when its pane starts; 0 in a keyed state
  uint64_t hash = 0;   // of its key
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> heap; // texts of the entry and of its lists' rows
  struct List {
    std::vector<uint8_t> rows; // one behind the other
    uint32_t count = 0;
  };
  std::vector<List> lists; // in the order of the layout
};

// The entries of one layout as a snapshot has them (layout_codec.h).
class EntryCodec {
public:
  EntryCodec(const SchemaProgram& program, uint32_t layout, bool has_bytes_key);

  // Takes any bytes. Fills what is behind the hash. False: they are not those of an entry.
  bool read(ByteReader& in, SavedEntry& entry) const;
  void write(ByteWriter& out, const SavedEntry& entry) const;

private:
  LayoutCodec entry_;
  std::vector<LayoutCodec> rows_; // by list
};

// What a key group's stream holds, in its order.
class GroupVisitor {
public:
  virtual ~GroupVisitor() = default;
  // The entries that follow are of this state of the schema. False: they are passed over.
  virtual bool begin(const StateSchema& state) = 0;
  virtual void visit(const StateSchema& state, const SavedEntry& entry) = 0;
};

class GroupReader {
public:
  // Both outlive it.
  GroupReader(const Schema& schema, const SchemaProgram& program);

  // Takes any bytes; a failure is `checkpoint_damaged`.
  Status read(std::string_view bytes, GroupVisitor& visitor) const;

private:
  Status read_state(ByteReader& in, GroupVisitor& visitor) const;

  const Schema& schema_;
  std::vector<EntryCodec> codecs_; // by state
};

// The bits of a field.
bool is_null(const FieldSchema& field, const uint8_t* row);
// As an encoder takes it; a text views the row or the heap.
FlowCell cell_of(const FieldSchema& field, const uint8_t* row, const uint8_t* heap);
// The columns of a key, whose texts view the entry. False: its bytes are not those of such a key.
bool read_key(const StateSchema& state, const LayoutSchema& layout, const SavedEntry& entry,
              std::vector<FlowCell>& cells);

} // namespace flow::runtime
