// Records as values. They are there inside of sema only: an expression of record type is always an ExprKind::record,
// whose args are its fields (before them, of a nullable one, whether it is there), and wherever a row, a cell or an
// argument takes one it becomes several scalars, named "ride.ride_id". The columns of one field stand side by side.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// More scalars than this make no row.
inline constexpr size_t record_columns_max = 4096;

// ---- columns and what they hold ----------------------------------------------------------------------------------

struct FieldColumns {
  uint32_t first = 0;
  uint32_t count = 1;
};

/// Where the field of that name lies among the columns of a row.
std::optional<FieldColumns> find_field(std::span<const Column> columns, std::string_view name);
bool has_field(const Schema& schema, std::string_view name);
/// The names of the fields, each once.
std::vector<std::string_view> field_names(std::span<const Column> columns);

/// Adds the columns that hold a field of this type.
void add_columns(Checking& check, std::string_view name, Type type, std::vector<Column>& columns);
/// Adds what these columns hold.
void add_values(const Expr& value, std::vector<const Expr*>& values);
/// How many they are.
size_t scalar_count(Type type);

/// One field out of its columns and their values: a scalar, or the record.
const Expr* field_of(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values,
                     lang::SourceRange range);
/// The record of all fields.
const Expr* row_of(Checking& check, std::span<const Column> columns, std::span<const Expr* const> values,
                   lang::SourceRange range);

/// The columns and values of a row that is put together.
struct RowBuilder {
  std::vector<Column> columns;
  std::vector<const Expr*> values;
  /// Adds a field, or replaces the one of that name in its place.
  void put(Checking& check, std::string_view name, const Expr& value);
};

// ---- records -----------------------------------------------------------------------------------------------------

/// `there`: of a record that may be null, else null.
const Expr* make_record(Checking& check, const RecordType& type, const Expr* there, std::vector<const Expr*> fields,
                        lang::SourceRange range);
/// The type of these fields, with its name if the program has given it one.
const RecordType* record_type(Checking& check, const std::vector<RecordField>& fields);

/// REQUIRES of all below: the kind `record`.
std::span<const Expr* const> fields_of(const Expr& record);
/// Is there one? Null when there always is.
const Expr* marker_of(const Expr& record);
/// The value of the field; null if it has none of that name.
const Expr* field_named(const Expr& record, std::string_view name);
/// The same record, which is there for sure.
const Expr* without_marker(Checking& check, const Expr& record);

/// What stands where there is no record: zero, an empty text; of what may be null, null.
const Expr* zero_of(Checking& check, Type type, lang::SourceRange range);
const Expr* null_record(Checking& check, Type type, lang::SourceRange range);

/// Fields of the same names and types, in any order.
bool have_same_fields(const RecordType& a, const RecordType& b);

/// `if condition then a else b` of two records of one type.
const Expr* choose(Checking& check, const Expr* condition, const Expr& a, const Expr& b, lang::SourceRange range);

} // namespace flow::sema
