// What was meant by what does not fit into an operator: mends of syntax_errors.cpp.
#pragma once

#include "lang/diagnostics/diagnostics.h"
#include "lang/grammar/syntax_scene.h"

namespace flow::lang {

/// `if x then …`
bool block_without_braces(const Scene& scene, DiagnosticEmitter& emitter);
/// `x == 3`, `x++`, `emitt x`, `var x = 3`
bool wrong_statement(const Scene& scene, DiagnosticEmitter& emitter);
/// `at row.time + 1h` without `as NAME`
bool timer_without_name(const Scene& scene, DiagnosticEmitter& emitter);
/// `state n: i64 expires 1h = 0`
bool initial_behind_bound(const Scene& scene, DiagnosticEmitter& emitter);
/// `stat first: Ride?`
bool wrong_part_of_operator(const Scene& scene, DiagnosticEmitter& emitter);
/// `state emit: i64`
bool statement_word_as_name(const Scene& scene, DiagnosticEmitter& emitter);
/// `return x`
bool value_of_return(const Scene& scene, DiagnosticEmitter& emitter);

} // namespace flow::lang
