// What declarations besides streams are: types, enums, params, lets, functions; resolved when first asked for.
#pragma once

#include "compiler/sema/checking.h"

namespace flow::sema {

/// The type that is written there; an error type when it was reported as wrong.
Type resolve_type(Checking& check, const Module& module, const lang::TypeExpr& type);

/// The same of a record that a declaration names.
Type resolve_record(Checking& check, const Module& module, const lang::RecordType& record, std::string_view name);

/// The type of a single value; records and lists are refused, `what` ("a param") says for whom.
Type resolve_scalar(Checking& check, const Module& module, const lang::TypeExpr& type, std::string_view what);

/// Makes `symbol.type`, of a let `symbol.value`, of a function `symbol.parameters`. False if it is wrong or a cycle
/// that was reported at `from`.
bool resolve(Checking& check, Symbol& symbol, lang::SourceRange from);

/// The index of a param, function or extern in the program; they are added when first needed.
uint32_t index_of_param(Checking& check, Symbol& symbol);
uint32_t index_of_function(Checking& check, Symbol& symbol);
uint32_t index_of_extern(Checking& check, Symbol& symbol, bool is_overloaded);

/// Resolves everything of a module that no stream may have asked for, and the bodies of its functions.
void check_declarations(Checking& check, Module& module);
/// The bodies of functions and conditions of params that are part of the program and not checked yet.
void check_bodies(Checking& check);

} // namespace flow::sema
