// Streams: sources, the steps of pipelines, sinks. Each becomes a Stream of the program when it is first asked for, so
// a stream comes after those it reads.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// A stream of the program and what is known of its rows. `stream` is no_stream when something was wrong with it; its
/// state is unknown then.
struct Flow {
  uint32_t stream = no_stream;
  FlowState state;
};

/// What a name in a pipeline, or a pipeline in parentheses, gives. `name` is what a stream made here is called.
Flow check_feed(Checking& check, const Module& module, const lang::Decl& decl, const lang::Feed& feed,
                std::string_view name);

/// The whole pipeline as a stream called `name`. One without steps makes no new stream unless `symbol` declares it.
Flow check_pipeline(Checking& check, const Module& module, const lang::Decl& decl, const lang::Pipeline& pipeline,
                    std::string_view name, Symbol* symbol);

/// Adds a stream to the program, after all that it reads.
uint32_t add_stream(Checking& check, Stream stream, FlowState state, const Symbol* symbol);

/// The rows of a table's changes: in full with the kind before them. Nothing, and reported at `range`, if they have a
/// field of that name.
std::optional<Schema> changes_schema(Checking& check, const Schema& rows, bool in_full, lang::SourceRange range);

/// sources.cpp
void check_source(Checking& check, Symbol& symbol, const lang::SourceDecl& decl);
/// sinks.cpp
void check_sink(Checking& check, const Module& module, const lang::Decl& decl);

/// All streams of a module, and of the main one its sinks.
void check_streams(Checking& check, const Module& module);

} // namespace flow::sema
