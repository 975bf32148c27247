#include "compiler/sema/types.h"

namespace flow::sema {

namespace {

struct KindFacts {
  const char* text;
  uint32_t size, align;
};

constexpr KindFacts kind_facts[] = {
#define FLOW_KIND(name, text, size, align) {text, size, align},
#include "runtime/abi/kinds.def"
#undef FLOW_KIND
};

std::string text_of_record(const RecordType& record) {
  if (!record.name.empty()) return std::string(record.name);
  std::string text = "{ ";
  for (const RecordField& field : record.fields) {
    if (&field != record.fields.data()) text += ", ";
    text += std::string(field.name) + ": " + text_of(field.type);
  }
  return text + " }";
}

std::string text_without_null(Type type) {
  switch (type.kind) {
  case Kind::RECORD: return type.record != nullptr ? text_of_record(*type.record) : "record";
  case Kind::LIST: return "[" + text_of(scalar(type.element)) + "]";
  case Kind::NULL_: return "null";
  case Kind::ERROR: return "unknown";
  case Kind::ENUM:
    if (type.enumeration != nullptr) return std::string(type.enumeration->name);
    break;
  default: break;
  }
  return kind_facts[static_cast<size_t>(type.kind)].text;
}

} // namespace

std::string text_of(Type type) { return text_without_null(type) + (type.nullable ? "?" : ""); }

uint32_t size_of(Kind kind) { return kind < Kind::RECORD ? kind_facts[static_cast<size_t>(kind)].size : 0; }

uint32_t align_of(Kind kind) { return kind < Kind::RECORD ? kind_facts[static_cast<size_t>(kind)].align : 1; }

} // namespace flow::sema
