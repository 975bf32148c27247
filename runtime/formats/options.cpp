#include "runtime/formats/options.h"

#include "runtime/base/assert.h"

namespace flow::runtime {
namespace {

bool is_text(uint32_t kind) { return kind == FLOW_STRING || kind == FLOW_BYTES; }
bool is_float(uint32_t kind) { return kind == FLOW_F32 || kind == FLOW_F64; }

} // namespace

std::string_view Options::text(std::string_view name, std::string_view fallback) const {
  uint32_t kind = 0;
  const FlowCell* cell = find(name, &kind);
  if (cell == nullptr) return fallback;
  FLOW_ASSERT(is_text(kind), "the compiler checked the types of options");
  return {cell->value.s, cell->length};
}

bool Options::flag(std::string_view name, bool fallback) const { return integer(name, fallback ? 1 : 0) != 0; }

int64_t Options::integer(std::string_view name, int64_t fallback) const {
  uint32_t kind = 0;
  const FlowCell* cell = find(name, &kind);
  if (cell == nullptr) return fallback;
  FLOW_ASSERT(!is_text(kind) && !is_float(kind), "the compiler checked the types of options");
  return cell->value.i;
}

double Options::number(std::string_view name, double fallback) const {
  uint32_t kind = 0;
  const FlowCell* cell = find(name, &kind);
  if (cell == nullptr) return fallback;
  FLOW_ASSERT(!is_text(kind), "the compiler checked the types of options");
  return is_float(kind) ? cell->value.f : static_cast<double>(cell->value.i);
}

const FlowCell* Options::find(std::string_view name, uint32_t* kind) const {
  for (uint32_t i = 0; i < connector_.option_count; ++i) {
    if (connector_.options[i].name != name) continue;
    if (kind != nullptr) *kind = connector_.options[i].kind;
    return cells_[i].is_null != 0 ? nullptr : &cells_[i];
  }
  return nullptr;
}

} // namespace flow::runtime
