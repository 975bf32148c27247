// New expressions from old ones: passes never change a node of an expression.
#pragma once

#include <functional>
#include <set>
#include <span>

#include "compiler/graph/graph.h"

namespace flow::graph {

/// The columns that an expression reads, added to `columns`.
void collect_columns(const Expr& expr, std::set<uint32_t>& columns);

/// The expression with each column replaced by what `replace` gives for it.
const Expr* replace_columns(const Expr& expr, const std::function<const Expr*(const Expr& column)>& replace,
                            lang::Arena& arena);

/// The expression over rows whose column i was at `old_of[i]` before. REQUIRES: all columns it reads are still there.
const Expr* renumber(const Expr& expr, std::span<const uint32_t> old_of, lang::Arena& arena);

/// A column as an expression.
const Expr* column_expr(uint32_t index, sema::Type type, lang::SourceRange range, lang::Arena& arena);

/// The columns of the pair that its condition and its result read.
std::set<uint32_t> read_of_pair(const Join& join);

/// Applies `change` to every expression that the node evaluates over its input's rows. Not to those of a Join or a
/// Process.
void change_expressions(Node& node, const std::function<const Expr*(const Expr&)>& change);

} // namespace flow::graph
