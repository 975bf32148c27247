#include "compiler/sema/records.h"

#include <algorithm>

namespace flow::sema {

namespace {

/// The name of the field that a column belongs to, behind the names of the records around it.
std::string_view first_part(std::string_view name, size_t prefix) {
  name.remove_prefix(prefix);
  return name.substr(0, name.find('.'));
}

bool is_within(const Column& column, std::string_view path) {
  return column.name.size() > path.size() && column.name.starts_with(path) && column.name[path.size()] == '.';
}

/// How many columns from `first` on belong to the field that begins there.
size_t width_of(std::span<const Column> columns, size_t first, size_t prefix) {
  std::string_view path = columns[first].name.substr(0, prefix + first_part(columns[first].name, prefix).size());
  if (path.size() == columns[first].name.size() && !columns[first].marks_record) return 1;
  size_t end = first + 1;
  while (end < columns.size() && is_within(columns[end], path)) end++;
  return end - first;
}

const Expr* read(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values, size_t prefix,
                 lang::SourceRange range);

/// The record whose fields are all of these columns.
const Expr* read_fields(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values,
                        size_t prefix, const Expr* there, lang::SourceRange range) {
  std::vector<RecordField> fields;
  std::vector<const Expr*> made;
  for (size_t at = 0; at < columns.size();) {
    size_t width = width_of(columns, at, prefix);
    made.push_back(read(check, columns.subspan(at, width), values.subspan(at, width), prefix, range));
    std::string_view name = first_part(columns[at].name, prefix);
    fields.push_back({name, made.back()->type, name});
    at += width;
  }
  return make_record(check, *record_type(check, fields), there, std::move(made), range);
}

/// The field that these columns make.
const Expr* read(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values, size_t prefix,
                 lang::SourceRange range) {
  const Column& first = columns[0];
  size_t inner = prefix + first_part(first.name, prefix).size() + 1;
  if (first.marks_record) return read_fields(check, columns.subspan(1), values.subspan(1), inner, values[0], range);
  bool is_scalar = inner > first.name.size();
  return is_scalar ? values[0] : read_fields(check, columns, values, inner, nullptr, range);
}

} // namespace

std::optional<FieldColumns> find_field(std::span<const Column> columns, std::string_view name) {
  for (size_t at = 0; at < columns.size(); at++) {
    if (first_part(columns[at].name, 0) != name) continue;
    return FieldColumns{static_cast<uint32_t>(at), static_cast<uint32_t>(width_of(columns, at, 0))};
  }
  return std::nullopt;
}

bool has_field(const Schema& schema, std::string_view name) { return find_field(schema.columns, name).has_value(); }

std::vector<std::string_view> field_names(std::span<const Column> columns) {
  std::vector<std::string_view> names;
  for (size_t at = 0; at < columns.size(); at += width_of(columns, at, 0)) {
    names.push_back(first_part(columns[at].name, 0));
  }
  return names;
}

void add_columns(Checking& check, std::string_view name, Type type, std::vector<Column>& columns) {
  if (type.kind != Kind::RECORD) {
    columns.push_back({name, type});
    return;
  }
  if (type.nullable) columns.push_back({name, scalar(Kind::BOOL), true});
  for (const RecordField& field : type.record->fields) {
    std::string path = std::string(name) + "." + std::string(field.name);
    add_columns(check, check.arena.copy(std::string_view(path)), field.type, columns);
  }
}

void add_values(const Expr& value, std::vector<const Expr*>& values) {
  if (value.kind != ExprKind::record) {
    values.push_back(&value);
    return;
  }
  for (const Expr* arg : value.args) add_values(*arg, values);
}

size_t scalar_count(Type type) {
  if (type.kind != Kind::RECORD) return 1;
  size_t count = type.nullable ? 1 : 0;
  for (const RecordField& field : type.record->fields) count += scalar_count(field.type);
  return count;
}

const Expr* field_of(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values,
                     lang::SourceRange range) {
  return read(check, columns, values, 0, range);
}

const Expr* row_of(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values,
                   lang::SourceRange range) {
  return read_fields(check, columns, values, 0, nullptr, range);
}

void RowBuilder::put(Checking& check, std::string_view name, const Expr& value) {
  std::vector<Column> new_columns;
  std::vector<const Expr*> new_values;
  add_columns(check, name, value.type, new_columns);
  add_values(value, new_values);
  size_t place = columns.size();
  if (std::optional<FieldColumns> old = find_field(columns, name)) {
    place = old->first;
    columns.erase(columns.begin() + old->first, columns.begin() + old->first + old->count);
    values.erase(values.begin() + old->first, values.begin() + old->first + old->count);
  }
  columns.insert(columns.begin() + static_cast<ptrdiff_t>(place), new_columns.begin(), new_columns.end());
  values.insert(values.begin() + static_cast<ptrdiff_t>(place), new_values.begin(), new_values.end());
}

const Expr* make_record(Checking& check, const RecordType& type, const Expr* there, std::vector<const Expr*> fields,
                        lang::SourceRange range) {
  if (there != nullptr) fields.insert(fields.begin(), there);
  Type made{.kind = Kind::RECORD, .nullable = there != nullptr, .record = &type};
  return check.make.make(ExprKind::record, made, fields, range);
}

const RecordType* record_type(Checking& check, const std::vector<RecordField>& fields) {
  auto is_it = [&](const RecordType* known) {
    return std::ranges::equal(known->fields, fields, [](const RecordField& a, const RecordField& b) {
      return a.name == b.name && a.type == b.type;
    });
  };
  auto found = std::ranges::find_if(check.records, is_it);
  if (found != check.records.end()) return *found;
  auto* made = check.arena.make<RecordType>();
  made->fields = check.arena.copy(fields);
  return made;
}

std::span<const Expr* const> fields_of(const Expr& record) { return record.args.subspan(record.type.nullable ? 1 : 0); }

const Expr* marker_of(const Expr& record) { return record.type.nullable ? record.args[0] : nullptr; }

const Expr* field_named(const Expr& record, std::string_view name) {
  std::span<const RecordField> fields = record.type.record->fields;
  auto found = std::ranges::find(fields, name, &RecordField::name);
  return found == fields.end() ? nullptr : fields_of(record)[static_cast<size_t>(found - fields.begin())];
}

const Expr* without_marker(Checking& check, const Expr& record) {
  std::span<const Expr* const> fields = fields_of(record);
  return make_record(check, *record.type.record, nullptr, {fields.begin(), fields.end()}, record.range);
}

const Expr* zero_of(Checking& check, Type type, lang::SourceRange range) {
  if (type.kind == Kind::RECORD) {
    if (type.nullable) return null_record(check, type, range);
    std::vector<const Expr*> fields;
    for (const RecordField& field : type.record->fields) fields.push_back(zero_of(check, field.type, range));
    return make_record(check, *type.record, nullptr, std::move(fields), range);
  }
  if (type.is_error()) return check.make.error(range);
  if (type.nullable) return check.make.null(type, range);
  if (type.is_float()) return check.make.real(type, 0, range);
  return check.make.integer(type, 0, range); // of a text: the empty one
}

const Expr* null_record(Checking& check, Type type, lang::SourceRange range) {
  const Expr* zero = zero_of(check, type.without_null(), range);
  return make_record(check, *type.record, check.make.boolean(false, range), {zero->args.begin(), zero->args.end()},
                     range);
}

bool have_same_fields(const RecordType& a, const RecordType& b) {
  if (&a == &b) return true;
  if (a.fields.size() != b.fields.size()) return false;
  return std::ranges::all_of(a.fields, [&](const RecordField& field) {
    auto other = std::ranges::find(b.fields, field.name, &RecordField::name);
    if (other == b.fields.end()) return false;
    if (field.type == other->type) return true;
    bool are_records = field.type.kind == Kind::RECORD && other->type.kind == Kind::RECORD;
    return are_records && field.type.nullable == other->type.nullable &&
           have_same_fields(*field.type.record, *other->type.record);
  });
}

const Expr* choose(Checking& check, const Expr* condition, const Expr& a, const Expr& b, lang::SourceRange range) {
  std::vector<const Expr*> args;
  for (size_t i = 0; i < a.args.size(); i++) {
    const Expr &then_value = *a.args[i], &else_value = *b.args[i];
    if (then_value.type.is_error() || else_value.type.is_error()) {
      args.push_back(check.make.error(range));
      continue;
    }
    bool is_record = then_value.kind == ExprKind::record;
    args.push_back(is_record ? choose(check, condition, then_value, else_value, range)
                             : check.make.make(ExprKind::conditional, then_value.type,
                                               {condition, &then_value, &else_value}, range));
  }
  return check.make.make(ExprKind::record, a.type, args, range);
}

} // namespace flow::sema
