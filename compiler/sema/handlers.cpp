#include "compiler/sema/handlers.h"

#include "lang/base/overloaded.h"

namespace flow::sema {

void visit_exprs(Block block, const std::function<void(const Expr&)>& visit) {
  auto all = [&](std::span<const Expr* const> exprs) {
    for (const Expr* expr : exprs) visit(*expr);
  };
  for (const Statement* statement : block) {
    std::visit(lang::Overloaded{
                   [&](const Let& let) { visit(*let.value); },
                   [&](const Assign& assign) {
                     if (assign.is_set != nullptr) visit(*assign.is_set);
                     all(assign.values);
                   },
                   [&](const IfStatement& choice) {
                     visit(*choice.condition);
                     visit_exprs(choice.then_block, visit);
                     visit_exprs(choice.else_block, visit);
                   },
                   [&](const EmitRow& emit) { all(emit.values); },
                   [&](const SetTimer& timer) { visit(*timer.at); },
                   [](const Clear&) {},
                   [](const CancelTimer&) {},
                   [](const ReturnStatement&) {},
               },
               statement->node);
  }
}

} // namespace flow::sema
