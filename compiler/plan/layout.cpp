#include "compiler/plan/layout.h"

#include <algorithm>

#include "compiler/plan/fingerprint.h"

namespace flow::plan {

namespace {

constexpr uint32_t align_up(uint32_t value, uint32_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Places fields [first, end) from `offset` on and gives the nullable ones their bits. Returns where the bytes end.
uint32_t place_fields(std::vector<Field>& fields, size_t first, uint32_t offset) {
  for (uint32_t alignment : {8u, 4u, 2u, 1u}) {
    for (size_t i = first; i < fields.size(); i++) {
      if (sema::align_of(fields[i].type.kind) != alignment) continue;
      offset = align_up(offset, alignment);
      fields[i].offset = offset;
      offset += sema::size_of(fields[i].type.kind);
    }
  }
  uint32_t bit = offset * 8;
  for (size_t i = first; i < fields.size(); i++) {
    if (fields[i].type.nullable) fields[i].null_bit = bit++;
  }
  return align_up(bit, 8) / 8;
}

void settle_fingerprint(Layout& layout, uint64_t rows = 0) {
  Fingerprint fingerprint;
  for (const Field& field : layout.fields) {
    fingerprint.add(field.name).add(field.type).add(field.offset).add(field.null_bit);
  }
  fingerprint.add(layout.stride);
  if (layout.repeat)
    fingerprint.add(layout.repeat->offset).add(layout.repeat->stride).add(layout.repeat->max).add(rows);
  for (const List& list : layout.lists) fingerprint.add(list.offset).add(rows);
  layout.fingerprint = fingerprint.value();
}

std::vector<Field> key_fields(const KeySpec& key) {
  std::vector<Field> fields;
  if (key.is_bytes) {
    fields.push_back({.name = "@key", .type = sema::scalar(sema::Kind::BYTES)});
    return fields;
  }
  for (const sema::Column& column : key.columns)
    fields.push_back({.name = std::string(column.name), .type = column.type});
  place_fields(fields, 0, 0);
  if (key.has_session) {
    fields.push_back({.name = "@session", .type = sema::scalar(sema::Kind::I64), .offset = key.size - 8});
  }
  return fields;
}

/// What an accumulator of one value is called: of another function it has another name, so that a changed program does
/// not take the greatest for the least.
const char* part_of(sema::AggregateKind kind) {
  switch (kind) {
  case sema::AggregateKind::min: return ".min";
  case sema::AggregateKind::max: return ".max";
  case sema::AggregateKind::first: return ".first";
  case sema::AggregateKind::last: return ".last";
  case sema::AggregateKind::min_by: return ".min_by";
  case sema::AggregateKind::max_by: return ".max_by";
  default: return ".value";
  }
}

/// The fields of the calls' accumulators, at the end of the layout's, without places. `failed` as aggregate_layout has
/// it.
void add_accumulators(Layout& layout, const std::vector<sema::AggregateCall>& calls, bool has_time,
                      std::vector<Accumulator>& accumulators, uint32_t* failed) {
  auto add = [&](std::string_view call, const char* part, sema::Type type) {
    layout.fields.push_back({.name = std::string(call) + part, .type = type});
    return static_cast<uint32_t>(layout.fields.size() - 1);
  };
  sema::Type i64 = sema::scalar(sema::Kind::I64), f64 = sema::scalar(sema::Kind::F64),
             flag = sema::scalar(sema::Kind::BOOL), time = sema::scalar(sema::Kind::TIMESTAMP);
  bool may_fail = false;
  for (uint32_t i = 0; i < calls.size(); i++) {
    const sema::AggregateCall& call = calls[i];
    Accumulator made{.kind = call.kind, .call = i};
    bool is_float_sum =
        call.kind == sema::AggregateKind::avg || (call.kind == sema::AggregateKind::sum && call.result.is_float());
    if (call.kind == sema::AggregateKind::count || call.kind == sema::AggregateKind::avg)
      made.count = add(call.name, ".count", i64);
    if (is_float_sum) {
      made.value = add(call.name, ".sum", f64);
      add(call.name, ".rest", f64); // directly behind the sum: the two are a pair
    } else if (call.kind == sema::AggregateKind::sum) {
      made.value = add(call.name, ".sum", call.result.without_null());
    } else if (call.kind != sema::AggregateKind::count) {
      bool is_by = call.by != nullptr;
      made.value = add(call.name, part_of(call.kind), is_by ? call.argument->type : call.argument->type.without_null());
      made.is_set = add(call.name, ".is_set", flag);
      bool is_by_time = call.kind == sema::AggregateKind::first || call.kind == sema::AggregateKind::last;
      if (is_by) made.order = add(call.name, ".order", call.by->type.without_null());
      if (is_by_time) made.order = add(call.name, ".order", time); // without event time all are equal: arrival decides
      if (is_by && has_time) made.order_time = add(call.name, ".time", time);
    }
    accumulators.push_back(made);
    may_fail = may_fail || (call.kind == sema::AggregateKind::sum && !is_float_sum);
  }
  // Behind all others: they have the same numbers in a partial result.
  if (failed != nullptr && may_fail) *failed = add({}, "@failed", flag);
}

} // namespace

Layout row_layout(std::string name, const std::vector<sema::Column>& columns, bool has_time) {
  Layout layout{.name = std::move(name)};
  for (const sema::Column& column : columns)
    layout.fields.push_back({.name = std::string(column.name), .type = column.type});
  if (has_time) layout.fields.push_back({.name = "@time", .type = sema::scalar(sema::Kind::TIMESTAMP)});
  layout.stride = std::max(8u, align_up(place_fields(layout.fields, 0, 0), 8));
  settle_fingerprint(layout);
  return layout;
}

void settle_key(KeySpec& key) {
  key.is_bytes =
      std::any_of(key.columns.begin(), key.columns.end(), [](const sema::Column& c) { return c.type.is_text(); });
  if (key.columns.empty()) return;
  if (key.is_bytes) {
    key.size = 16;
    return;
  }
  std::vector<Field> fields;
  for (const sema::Column& column : key.columns) fields.push_back({.name = {}, .type = column.type});
  key.size = align_up(place_fields(fields, 0, 0), 8);
}

Layout aggregate_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                        bool has_time, std::vector<Accumulator>& accumulators, uint32_t* failed, uint32_t* seen) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  size_t first = layout.fields.size();
  add_accumulators(layout, calls, has_time, accumulators, failed);
  if (seen != nullptr) {
    *seen = static_cast<uint32_t>(layout.fields.size());
    layout.fields.push_back({.name = "@seen", .type = sema::scalar(sema::Kind::BOOL)});
  }
  layout.stride = std::max(8u, align_up(place_fields(layout.fields, first, key.size), 8));
  settle_fingerprint(layout);
  return layout;
}

KeySpec session_key(KeySpec key) {
  key.has_session = true;
  if (!key.is_bytes) key.size = std::max(8u, key.size) + 8; // without a key: 8 bytes of zero
  return key;
}

Layout session_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                      bool has_time, KeyedState& keyed, std::vector<Accumulator>& accumulators, uint32_t& failed) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  uint32_t offset = key.size;
  auto add = [&](const char* field, sema::Kind kind) {
    layout.fields.push_back({.name = field, .type = sema::scalar(kind)});
    return static_cast<uint32_t>(layout.fields.size() - 1);
  };
  auto place_from = [&](size_t first) { offset = align_up(place_fields(layout.fields, first, offset), 8); };
  size_t first = layout.fields.size();
  KeyedState::Cell session{.name = "session", .set = add("@set.session", sema::Kind::BOOL)};
  KeyedState::Timer end{.name = "end", .set = add("@set.end", sema::Kind::BOOL)};
  place_from(first);
  session.begin = offset;
  first = layout.fields.size();
  keyed.session_start = add("@start", sema::Kind::TIMESTAMP);
  add_accumulators(layout, calls, has_time, accumulators, &failed);
  place_from(first);
  session.end = offset;
  first = layout.fields.size();
  end.time = add("@time.end", sema::Kind::TIMESTAMP);
  end.queued = add("@queued.end", sema::Kind::TIMESTAMP);
  place_from(first);
  keyed.cells.push_back(std::move(session));
  keyed.timers.push_back(std::move(end));
  layout.stride = offset;
  settle_fingerprint(layout);
  return layout;
}

Layout running_layout(std::string name, const KeySpec& key, const std::vector<sema::AggregateCall>& calls,
                      std::vector<Accumulator>& accumulators, uint32_t& panes) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  size_t first = layout.fields.size();
  auto add = [&](std::string_view call, const char* part, sema::Type type) {
    layout.fields.push_back({.name = std::string(call) + part, .type = type});
    return static_cast<uint32_t>(layout.fields.size() - 1);
  };
  sema::Type i64 = sema::scalar(sema::Kind::I64);
  for (uint32_t i = 0; i < calls.size(); i++) {
    Accumulator made{.kind = calls[i].kind, .call = i};
    if (made.kind == sema::AggregateKind::count) {
      made.count = add(calls[i].name, ".count", i64);
    } else {
      made.value = add(calls[i].name, ".sum", calls[i].result.without_null());
      made.high = add(calls[i].name, ".high", i64);
    }
    accumulators.push_back(made);
  }
  panes = add({}, "@panes", i64);
  layout.stride = align_up(place_fields(layout.fields, first, key.size), 8);
  settle_fingerprint(layout);
  return layout;
}

Layout keyed_layout(std::string name, const KeySpec& key, KeyedState& keyed) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  uint32_t offset = key.size;
  const sema::Process& op = *keyed.op;
  auto add = [&](std::string field, sema::Type type) {
    layout.fields.push_back({.name = std::move(field), .type = type});
    return static_cast<uint32_t>(layout.fields.size() - 1);
  };
  auto place_from = [&](size_t first) { offset = align_up(place_fields(layout.fields, first, offset), 8); };
  sema::Type flag = sema::scalar(sema::Kind::BOOL), time = sema::scalar(sema::Kind::TIMESTAMP);
  size_t first = layout.fields.size();
  for (const sema::StateCell& cell : op.cells)
    keyed.cells.push_back({.name = std::string(cell.name),
                           .set = add("@set." + std::string(cell.name), flag),
                           .expires_us = cell.expires_us,
                           .was = std::string(cell.was)});
  for (const sema::ProcessTimer& timer : op.timers)
    keyed.timers.push_back({.name = std::string(timer.timer.name),
                            .set = add("@set." + std::string(timer.timer.name), flag),
                            .is_processing_time = timer.timer.is_processing_time});
  place_from(first);
  for (size_t i = 0; i < op.cells.size(); i++) {
    first = layout.fields.size();
    keyed.cells[i].begin = offset;
    for (uint32_t k = 0; k < op.cells[i].field_count; k++) {
      const sema::StateField& field = op.fields[op.cells[i].first_field + k];
      keyed.fields.push_back(add(std::string(field.name), field.type));
    }
    place_from(first);
    keyed.cells[i].end = offset;
  }
  first = layout.fields.size();
  for (size_t i = 0; i < op.timers.size(); i++) {
    std::string timer(op.timers[i].timer.name);
    keyed.timers[i].time = add("@time." + timer, time);
    keyed.timers[i].queued = add("@queued." + timer, time);
  }
  for (size_t i = 0; i < op.cells.size(); i++) {
    if (op.cells[i].expires_us) keyed.cells[i].written = add("@written." + std::string(op.cells[i].name), time);
  }
  place_from(first);
  layout.stride = std::max(8u, offset);
  settle_fingerprint(layout);
  return layout;
}

Layout join_layout(std::string name, const KeySpec& key, std::span<const uint32_t> rows,
                   const std::vector<Layout>& layouts) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  uint32_t offset = key.size;
  Fingerprint of_rows;
  for (uint32_t row : rows) {
    layout.lists.push_back({.offset = offset, .row_layout = row});
    of_rows.add(layouts[row].fingerprint);
    offset += list_bytes;
  }
  layout.stride = offset;
  settle_fingerprint(layout, of_rows.value());
  return layout;
}

Layout top_layout(std::string name, const KeySpec& key, uint32_t count, uint32_t row_layout_number, const Layout& row) {
  Layout layout{.name = std::move(name), .fields = key_fields(key)};
  uint32_t count_offset = key.size;
  layout.repeat = Repeat{.count_offset = count_offset,
                         .offset = count_offset + 8,
                         .stride = row.stride,
                         .max = count,
                         .row_layout = row_layout_number};
  uint64_t stride = count_offset + 8 + static_cast<uint64_t>(count) * row.stride;
  layout.stride =
      static_cast<uint32_t>(std::min<uint64_t>(stride, UINT32_MAX - 7)); // what is too large does not verify
  settle_fingerprint(layout, row.fingerprint);
  return layout;
}

} // namespace flow::plan
