#include "codegen/chain_emitter.h"

#include <algorithm>
#include <cstddef>

#include "codegen/functions.h"
#include "codegen/keys.h"
#include "codegen/marked_source.h"
#include "codegen/row_walk.h"
#include "runtime/abi/flow_abi.h"

namespace flow::codegen {

namespace {

llvm::Function* make_function(ModuleContext& module, const llvm::Twine& name, llvm::ArrayRef<llvm::Type*> params,
                              llvm::Type* result) {
  auto* type = llvm::FunctionType::get(result, params, false);
  return llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module.module);
}

lang::SourceRange place_of(const plan::Chain& chain) {
  for (const plan::PlanOp& op : chain.ops) {
    if (op.range.file != lang::no_file) return op.range;
  }
  return {};
}

/// Ends a row: back to `loop` unless the row has filled the outputs; then the function returns the next position.
void end_row(FunctionEmitter& f, llvm::PHINode* position, llvm::Value* next, llvm::BasicBlock* loop, bool can_fill) {
  auto& b = f.builder;
  llvm::BasicBlock* done = f.block("row.done");
  if (can_fill) {
    llvm::BasicBlock *ask = f.block("has.put.out"), *full = f.block("outputs.full");
    b.CreateCondBr(b.CreateLoad(b.getInt1Ty(), f.has_put()), ask, done);
    f.begin(ask);
    f.branch_unlikely(f.asks("flow_out_full", {f.task}, "is.full"), full, "has.room");
    f.leave(full, next);
  }
  f.go_to(done);
  f.begin(done);
  if (position != nullptr) position->addIncoming(next, done);
  f.go_to(loop);
}

bool has_outputs(const plan::Chain& chain) { return !chain.outputs.empty(); }

class ChainEmitter {
public:
  ChainEmitter(ModuleContext& module, const plan::Chain& chain) : module_(module), chain_(chain) {}

  ChainFunctions emit() {
    ChainFunctions made;
    if (chain_.source != plan::none) {
      bool is_generated = !connector().generated.empty() || connector().type == "generate";
      made.source = is_generated ? emit_generate() : connector().decodes_inline ? emit_decode_inline() : emit_decode();
    }
    if (!chain_.ports.empty()) made.process = emit_process();
    if (!chain_.states().empty()) made.fire = emit_fire();
    return made;
  }

private:
  const plan::Connector& connector() const { return module_.plan.connectors[chain_.source]; }
  std::string function_name(const char* what) const { return chain_.uid + "." + what; }
  llvm::Type* ptr() { return llvm::PointerType::getUnqual(module_.context()); }
  llvm::Type* i64() { return llvm::Type::getInt64Ty(module_.context()); }
  llvm::Type* i32() { return llvm::Type::getInt32Ty(module_.context()); }

  llvm::Function* source_function() {
    llvm::Function* made = make_function(module_, function_name("source"), {ptr(), ptr(), ptr(), i64()}, i64());
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
    f.at_end.push_back([this, &f, split, view, align] {
      if (!tells_time()) f.call("flow_settle_time", {view});
      f.builder.CreateMemCpy(split, align, view, align, FLOW_SPLIT_BYTES);
    });
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

  llvm::Function* emit_process() {
    llvm::Function* made = make_function(module_, function_name("process"), {ptr(), i32(), ptr(), i64()}, i64());
    FunctionEmitter f(module_, made, place_of(chain_));
    auto& b = f.builder;
    llvm::Value *batch = made->getArg(2), *from = made->getArg(3);
    batch->setName("batch");
    from->setName("from");
    const plan::Layout& layout = module_.plan.layouts[chain_.port_layout];
    llvm::Value* rows = f.call("flow_batch_rows", {batch}, "rows");
    llvm::Value* heap = f.call("flow_batch_heap", {batch}, "heap");
    llvm::BasicBlock *entry = b.GetInsertBlock(), *loop = f.block("next"), *body = f.block("row"),
                     *exit = f.block("exit");
    f.go_to(loop);
    f.begin(loop);
    llvm::PHINode* position = b.CreatePHI(i64(), 2, "i");
    position->addIncoming(from, entry);
    b.CreateCondBr(b.CreateICmpSLT(position, rows), body, exit);
    f.begin(body);
    f.begin_row();
    llvm::Value* row_at = f.call("flow_batch_row", {batch, position, f.i32(layout.stride)}, "row.at");
    RowWalk walk(f, chain_);
    walk.consumers(walk.origin(plan::OriginKind::ports), load_row(f, layout, row_at, heap));
    end_row(f, position, b.CreateAdd(position, f.i64(1), "following"), loop, has_outputs(chain_));
    f.begin(exit);
    f.leave(position);
    f.finish();
    return made;
  }

  llvm::Function* emit_fire() {
    llvm::Function* made = make_function(module_, function_name("fire"), {ptr(), i32(), ptr(), i64()}, i64());
    FunctionEmitter f(module_, made, place_of(chain_));
    auto& b = f.builder;
    made->getArg(1)->setName("trigger");
    made->getArg(2)->setName("due");
    made->getArg(3)->setName("from");
    RowWalk walk(f, chain_);
    std::vector<uint32_t> states = chain_.states();
    for (uint32_t i = 0; i + 1 < states.size(); i++) {
      llvm::BasicBlock *this_one = f.block("fire"), *others = f.block("fire.others");
      b.CreateCondBr(b.CreateICmpEQ(made->getArg(1), f.i32(i)), this_one, others);
      f.begin(this_one);
      emit_firing(walk, stateful_op(states[i]));
      f.begin(others);
    }
    emit_firing(walk, stateful_op(states.back()));
    f.finish();
    return made;
  }

  /// Both phases of firing the state of `op`; ends the function.
  void emit_firing(RowWalk& walk, const plan::PlanOp& op) {
    FunctionEmitter& f = walk.f;
    auto& b = f.builder;
    llvm::Value* due = f.function->getArg(2);
    auto load = [&](llvm::Type* type, size_t offset, const char* name) {
      return b.CreateLoad(type, f.at_offset(due, offset, llvm::Twine(name) + ".at"), name);
    };
    llvm::Value* phase = load(i32(), offsetof(FlowDue, phase), "phase");
    llvm::Value* table = load(ptr(), offsetof(FlowDue, table), "table");
    llvm::Value* into = load(ptr(), offsetof(FlowDue, into), "into");
    llvm::Value* count = load(i64(), offsetof(FlowDue, count), "count");
    Row window = window_of(f, load(i64(), offsetof(FlowDue, window_start), "window.start"),
                           load(i64(), offsetof(FlowDue, window_end), "window.end"));
    llvm::BasicBlock *emit = f.block("emit"), *merge = f.block("merge");
    uint32_t stride = walk.entry_layout(state_of(op)).stride;
    b.CreateCondBr(b.CreateICmpEQ(phase, f.i32(FLOW_DUE_EMIT)), emit, merge);
    f.begin(emit);
    entries_loop(f, table, stride, count, has_outputs(chain_), [&](llvm::Value*, llvm::Value* entry) {
      walk.guarded(op, [&] { emit_result(walk, op, table, entry, window); });
    });
    f.begin(merge);
    entries_loop(f, table, stride, count, false, [&](llvm::Value* index, llvm::Value* entry) {
      walk.guarded(op, [&] { emit_merge(walk, op, table, index, entry, into); });
    });
  }

  Row window_of(FunctionEmitter& f, llvm::Value* start, llvm::Value* end) {
    sema::Type time = sema::scalar(sema::Kind::TIMESTAMP);
    Row window{.time = f.builder.CreateSub(end, f.i64(1), "last.instant")};
    window.columns = {{.type = time, .value = start}, {.type = time, .value = end}};
    return window;
  }

  static uint32_t state_of(const plan::PlanOp& op) {
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op)) return aggregate->state;
    if (const auto* top = std::get_if<plan::Top>(&op.op)) return top->state;
    return plan::none;
  }

  const plan::PlanOp& stateful_op(uint32_t state) const {
    for (const plan::PlanOp& op : chain_.ops) {
      if (state_of(op) == state) return op;
    }
    llvm_unreachable("every state has its operator");
  }

  /// for (i = from; i < count; i++), then return.
  void entries_loop(FunctionEmitter& f, llvm::Value* table, uint32_t stride, llvm::Value* count, bool can_fill,
                    const std::function<void(llvm::Value* index, llvm::Value* entry)>& body_code) {
    auto& b = f.builder;
    llvm::BasicBlock *before = b.GetInsertBlock(), *loop = f.block("next.entry"), *body = f.block("entry"),
                     *exit = f.block("exit");
    f.go_to(loop);
    f.begin(loop);
    llvm::PHINode* index = b.CreatePHI(i64(), 2, "i");
    index->addIncoming(f.function->getArg(3), before);
    b.CreateCondBr(b.CreateICmpSLT(index, count), body, exit);
    f.begin(body);
    f.begin_row();
    body_code(index, f.call("flow_entry", {table, index, f.i32(stride)}, "entry"));
    end_row(f, index, b.CreateAdd(index, f.i64(1), "following"), loop, can_fill);
    f.begin(exit);
    f.leave(index);
  }

  void emit_result(RowWalk& walk, const plan::PlanOp& op, llvm::Value* table, llvm::Value* entry, const Row& window) {
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op))
      emit_aggregate_result(walk, *aggregate, table, entry, window);
    else
      emit_top_result(walk, std::get<plan::Top>(op.op), table, entry, window);
  }

  void emit_merge(RowWalk& walk, const plan::PlanOp& op, llvm::Value* table, llvm::Value* index, llvm::Value* entry,
                  llvm::Value* into) {
    llvm::Value* hash = walk.f.call("flow_entry_hash", {table, index}, "hash");
    llvm::Value* target = upsert_same_key(walk, state_of(op), table, entry, hash, into);
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op)) {
      emit_aggregate_merge(walk, *aggregate, table, entry, into, target);
    } else {
      emit_top_merge(walk, std::get<plan::Top>(op.op), table, entry, into, target);
    }
  }

  ModuleContext& module_;
  const plan::Chain& chain_;
};

} // namespace

ChainFunctions emit_chain(ModuleContext& module, uint32_t chain) {
  return ChainEmitter(module, module.plan.chains[chain]).emit();
}

llvm::Function* emit_keys(ModuleContext& module, uint32_t number) {
  const plan::Edge& edge = module.plan.edges[number];
  llvm::Type* ptr = llvm::PointerType::getUnqual(module.context());
  std::string name = module.plan.chains[edge.to_chain].uid + ".keys." + std::to_string(edge.to_port);
  llvm::Function* made = make_function(module, name, {ptr, ptr, ptr}, llvm::Type::getVoidTy(module.context()));
  FunctionEmitter f(module, made, place_of(module.plan.chains[edge.to_chain]));
  auto& b = f.builder;
  const plan::Layout& layout = module.plan.layouts[edge.layout];
  const plan::State& state = module.plan.states[module.plan.chains[edge.to_chain].state];
  llvm::Value *batch = made->getArg(1), *hashes = made->getArg(2);
  llvm::Value* rows = f.call("flow_batch_rows", {batch}, "rows");
  llvm::Value* heap = f.call("flow_batch_heap", {batch}, "heap");
  llvm::BasicBlock *entry = b.GetInsertBlock(), *loop = f.block("next"), *body = f.block("row"),
                   *exit = f.block("exit");
  f.go_to(loop);
  f.begin(loop);
  llvm::PHINode* i = b.CreatePHI(b.getInt64Ty(), 2, "i");
  i->addIncoming(f.i64(0), entry);
  b.CreateCondBr(b.CreateICmpSLT(i, rows), body, exit);
  f.begin(body);
  f.begin_row();
  Row row = load_row(f, layout, f.call("flow_batch_row", {batch, i, f.i32(layout.stride)}, "row.at"), heap);
  Key key = make_key(f, edge.key, module.plan.layouts[state.layout], row.columns);
  b.CreateStore(key.hash, b.CreateInBoundsGEP(b.getInt64Ty(), hashes, i, "hash.at"));
  i->addIncoming(b.CreateAdd(i, f.i64(1)), b.GetInsertBlock());
  f.go_to(loop);
  f.begin(exit);
  b.CreateRetVoid();
  return made;
}

} // namespace flow::codegen
