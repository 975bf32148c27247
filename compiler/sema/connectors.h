// What sources and sinks there are and what they take, in one table.
//
// To add a connector: a row in connectors.cpp, and its runtime part under the same type and format.
#pragma once

#include <string_view>

#include "compiler/sema/checking.h"
#include "compiler/sema/expressions.h"

namespace flow::sema {

enum class OptionKind : uint8_t {
  value,  // an expression over params, passed on to the runtime
  choice, // one of a few texts, known when the program is compiled
  fields, // of generate: a record of expressions over `number`
};

struct OptionSpec {
  std::string_view name;
  OptionKind option_kind = OptionKind::value;
  Kind kind = Kind::STRING;
  bool is_required = false;
  std::span<const std::string_view> choices = {};
};

struct ConnectorSpec {
  std::string_view name;
  bool is_source;
  std::string_view type, format;       // as the runtime knows it; a sink's option `format` replaces the format
  std::span<const OptionSpec> options; // arguments without name are given in this order
};

/// Null, and reported, when there is no such source or sink.
const ConnectorSpec* find_connector(Checking& check, const lang::Connector& connector, bool is_source);

struct CheckedOptions {
  std::vector<Option> options;        // values, in the order of the table
  std::string_view format;            // chosen by an option `format`, else that of the connector
  const lang::Expr* fields = nullptr; // of generate
  const Expr* seed = nullptr;         // of generate
  bool has_count = false;
};
CheckedOptions check_options(Checking& check, const Module& module, const ConnectorSpec& spec,
                             const lang::Connector& connector);

} // namespace flow::sema
