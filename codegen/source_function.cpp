// The source function of a chain: records or event numbers in, rows to the operators, the split's times kept.
#include <algorithm>
#include <cstddef>

#include "codegen/chain_functions.h"
#include "codegen/functions.h"
#include "codegen/marked_source.h"
#include "runtime/abi/flow_abi.h"

namespace flow::codegen {

namespace {

class SourceFunction {
public:
  SourceFunction(ModuleContext& module, const plan::Chain& chain) : module_(module), chain_(chain) {}

  llvm::Function* emit() {
    bool is_generated = !connector().generated.empty() || connector().type == "generate";
    return is_generated ? emit_generate() : connector().decodes_inline ? emit_decode_inline() : emit_decode();
  }

private:
  const plan::Connector& connector() const { return module_.plan.connectors[chain_.source]; }
  llvm::Type* ptr() { return llvm::PointerType::getUnqual(module_.context()); }
  llvm::Type* i64() { return llvm::Type::getInt64Ty(module_.context()); }
  llvm::Type* i32() { return llvm::Type::getInt32Ty(module_.context()); }

  llvm::Function* source_function() {
    llvm::Function* made = make_function(module_, chain_.uid + ".source", {ptr(), ptr(), ptr(), i64()}, i64());
    made->getArg(1)->setName("split");
    made->getArg(2)->setName("input");
    made->getArg(3)->setName("from");
    return made;
  }

  /// A copy of the split's times for the time of the call, so that they live in registers; written back at the end.
  llvm::Value* split_view(FunctionEmitter& f) {
    llvm::Value *split = f.function->getArg(1), *view = f.slot_bytes(FLOW_SPLIT_BYTES, 8, "split.view");
    llvm::Align align(8);
    f.builder.CreateMemCpy(view, align, split, align, FLOW_SPLIT_BYTES);
    f.at_end.push_back(
        [&f, split, view, align] { f.builder.CreateMemCpy(split, align, view, align, FLOW_SPLIT_BYTES); });
    return view;
  }

  /// Whether anyone behind this chain's rows goes by its watermarks. Where nobody does, only the newest time is kept.
  bool tells_time() const {
    if (chain_.state != plan::none) return true;
    return std::any_of(chain_.outputs.begin(), chain_.outputs.end(),
                       [](const plan::Output& output) { return output.kind == plan::OutputKind::edge; });
  }

  /// The row's event time, told to the split; returns `position` instead if a watermark must go out before the row.
  void observe_time(FunctionEmitter& f, Row& row, llvm::Value* split, llvm::Value* position) {
    if (connector().time == nullptr) return;
    f.at(connector().time->range);
    row.time = ExprEmitter(f, row.columns).emit(*connector().time).value;
    if (connector().watermark == sema::WatermarkKind::none) return;
    if (!tells_time()) {
      f.call("flow_observe_newest", {split, row.time});
      return;
    }
    llvm::BasicBlock* behind = f.block("watermark.first");
    f.branch_unlikely(f.asks("flow_observe_time", {split, row.time}, "is.behind"), behind, "in.order");
    f.leave(behind, position);
  }

  /// Walks from the source's origin with a place for failures of time and generated fields.
  void source_row(RowWalk& walk, const std::function<void(Row&)>& make_row) {
    uint32_t origin = walk.origin(plan::OriginKind::source);
    walk.guarded(chain_.ops[origin], [&] {
      Row row;
      make_row(row);
      walk.consumers(origin, row);
    });
  }

  llvm::Function* emit_generate() {
    FunctionEmitter f(module_, source_function(), place_of(chain_));
    auto& b = f.builder;
    llvm::Value *input = f.function->getArg(2), *from = f.function->getArg(3), *view = split_view(f);
    llvm::Value* available = b.CreateLoad(i64(), f.at_offset(input, offsetof(FlowInput, end), "end.at"), "available");
    llvm::Value* rows_max =
        b.CreateLoad(i64(), f.at_offset(input, offsetof(FlowInput, rows_max), "rows.max.at"), "rows.max");
    llvm::Value* wanted = b.CreateAdd(from, rows_max, "wanted");
    llvm::Value* end = b.CreateSelect(b.CreateICmpSLT(available, wanted), available, wanted, "end");
    llvm::BasicBlock *entry = b.GetInsertBlock(), *loop = f.block("next"), *body = f.block("event"),
                     *exit = f.block("exit");
    f.go_to(loop);
    f.begin(loop);
    llvm::PHINode* position = b.CreatePHI(i64(), 2, "position");
    position->addIncoming(from, entry);
    b.CreateCondBr(b.CreateICmpSLT(position, end), body, exit);
    f.begin(body);
    f.begin_row();
    llvm::Value* number = f.call("flow_split_number", {view, position}, "number");
    RowWalk walk(f, chain_);
    source_row(walk, [&](Row& row) {
      ExprEmitter expressions(f, {}, number);
      for (size_t i = 0; i < connector().fields.size(); i++) {
        if (!connector().is_needed[i]) continue;
        f.at(connector().generated[i]->range);
        row.columns.push_back(expressions.emit(*connector().generated[i]));
      }
      observe_time(f, row, view, position);
    });
    end_row(f, position, b.CreateAdd(position, f.i64(1), "following"), loop, has_outputs(chain_));
    f.begin(exit);
    f.leave(position);
    f.finish();
    return f.function;
  }

  llvm::Function* emit_decode() {
    FunctionEmitter f(module_, source_function(), place_of(chain_));
    auto& b = f.builder;
    llvm::Value *split = f.function->getArg(1), *input = f.function->getArg(2), *from = f.function->getArg(3);
    llvm::Value *view = split_view(f), *position_at = f.slot(i64(), "position.at"),
                *cells_at = f.slot(ptr(), "cells.at");
    b.CreateStore(from, position_at);
    llvm::BasicBlock *loop = f.block("next"), *row_block = f.block("record"), *bad = f.block("bad.record"),
                     *end = f.block("end"), *next = f.block("record.done");
    f.go_to(loop);
    f.begin(loop);
    f.begin_row();
    llvm::Value* begin = b.CreateLoad(i64(), position_at, "begin");
    llvm::Value* what = f.call("flow_rt_decode", {f.task, split, input, position_at, cells_at}, "decoded");
    RowWalk walk(f, chain_);
    llvm::SwitchInst* choice = b.CreateSwitch(what, walk.stop_block(), 3);
    choice->addCase(f.i32(0), end);
    choice->addCase(f.i32(1), row_block);
    choice->addCase(f.i32(2), bad);
    f.begin(row_block);
    source_row(walk, [&](Row& row) {
      llvm::Value* cells = b.CreateLoad(ptr(), cells_at, "cells");
      for (uint32_t i = 0; i < connector().fields.size(); i++) {
        if (connector().is_needed[i])
          row.columns.push_back(load_cell(f, cell_at(f, cells, i), connector().fields[i].type));
      }
      observe_time(f, row, view, begin);
    });
    f.go_to(next);
    f.begin(bad);
    emit_bad_record(walk, cells_at);
    f.go_to(next);
    f.begin(next);
    end_row(f, nullptr, b.CreateLoad(i64(), position_at, "following"), loop, has_outputs(chain_));
    f.begin(end);
    f.leave(b.CreateLoad(i64(), position_at, "reached"));
    f.finish();
    return f.function;
  }

  /// As emit_decode, with the usual records read here.
  llvm::Function* emit_decode_inline() {
    FunctionEmitter f(module_, source_function(), place_of(chain_));
    RowWalk walk(f, chain_);
    llvm::Value* view = split_view(f);
    MarkedSource source(f, connector());
    llvm::BasicBlock* done = f.block("record.done");
    source.emit_reading(walk.stop_block());
    source_row(walk, [&](Row& row) {
      row.columns = source.columns();
      observe_time(f, row, view, source.begin());
    });
    f.go_to(done);
    f.begin(source.bad_record());
    emit_bad_record(walk, source.cells_at());
    f.go_to(done);
    f.begin(done);
    end_row(f, nullptr, source.following(), source.next(), has_outputs(chain_));
    f.finish();
    return f.function;
  }

  void emit_bad_record(RowWalk& walk, llvm::Value* cells_at) {
    uint32_t origin = walk.origin(plan::OriginKind::source_errors);
    if (origin == plan::none) return;
    FunctionEmitter& f = walk.f;
    llvm::Value* cells = f.builder.CreateLoad(ptr(), cells_at, "cells");
    const std::vector<sema::Column>& columns = chain_.ops[origin].columns;
    Row row;
    for (uint32_t i = 0; i < columns.size(); i++)
      row.columns.push_back(load_cell(f, cell_at(f, cells, i), columns[i].type));
    walk.consumers(origin, row);
  }

  ModuleContext& module_;
  const plan::Chain& chain_;
};

} // namespace

llvm::Function* emit_source_function(ModuleContext& module, const plan::Chain& chain) {
  return SourceFunction(module, chain).emit();
}

} // namespace flow::codegen
