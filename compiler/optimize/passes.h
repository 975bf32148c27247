// The passes. Each takes a graph and leaves one that gives the same rows, the same failures and the same late rows.
#pragma once

#include "compiler/graph/graph.h"

namespace flow::optimize {

/// Works out what does not depend on the row. What would fail is left to fail when the job runs.
void fold_constants(graph::DataflowGraph& graph, lang::Arena& arena);
/// Moves a filter before a projection, when it reads only columns that the projection copies and nothing in the
/// projection may fail, and to the inputs of a union.
void push_filters(graph::DataflowGraph& graph, lang::Arena& arena);
/// Joins neighbouring projections into one. Not over values that may fail or that would be evaluated twice.
void merge_projections(graph::DataflowGraph& graph, lang::Arena& arena);
/// Takes away columns that nobody reads, up to the fields that a source decodes.
void prune_fields(graph::DataflowGraph& graph, lang::Arena& arena);
/// Takes away what leads to no sink and what does nothing.
void remove_unused(graph::DataflowGraph& graph, lang::Arena& arena);
/// Two-phase aggregation: lets each task of a stateful step's input combine its rows per key before they cross.
void combine_first(graph::DataflowGraph& graph, lang::Arena& arena);
/// Lets generated code read the usual records of a format by itself.
void inline_decoding(graph::DataflowGraph& graph, lang::Arena& arena);
/// Lets generated code write the records of a format by itself.
void inline_encoding(graph::DataflowGraph& graph, lang::Arena& arena);

} // namespace flow::optimize
