#include "tests/host/small_host.h"

#include <algorithm>
#include <sstream>

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace flow::tests {

std::unique_ptr<HostApi> load_program(const std::string& path, std::string& problem) {
  void* object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    problem = dlerror();
    return nullptr;
  }
  auto api = std::make_unique<HostApi>();
  auto find = [&](auto& place, const char* name) {
    place = reinterpret_cast<std::remove_reference_t<decltype(place)>>(dlsym(object, name));
    if (place == nullptr) problem += std::string(name) + " is not exported; ";
  };
  find(api->program, "flow_program_v1");
#define FLOW_HOST_FUNCTION(name) find(api->name, #name);
#include "tests/host/host_functions.def"
#undef FLOW_HOST_FUNCTION
  return problem.empty() ? std::move(api) : nullptr;
}

SmallHost::SmallHost(const HostApi& api, std::vector<FlowCell> params, uint32_t keyed_tasks)
    : api_(api), params_(std::move(params)) {
  FlowTaskError error{};
  configured_ = api_.flow_configure(api_.program, params_.data(), &error);
  EXPECT_EQ(error.code, 0) << error.text;
  keyed_.resize(keyed_tasks); // the source counts its channels by it
  source_ = open(0, 0, 1);
  for (uint32_t i = 0; i < keyed_tasks; i++) keyed_[i] = open(1, i, keyed_tasks);
}

SmallHost::~SmallHost() {
  api_.flow_task_close(source_->task);
  for (auto& box : keyed_) api_.flow_task_close(box->task);
  api_.flow_configured_free(configured_);
}

std::unique_ptr<SmallHost::TaskBox> SmallHost::open(uint32_t chain, uint32_t index, uint32_t parallelism) {
  auto box = std::make_unique<TaskBox>();
  box->host = this;
  box->chain = chain;
  box->index = index;
  const FlowChain& spec = api_.program->chains[chain];
  for (uint32_t i = 0; i < spec.output_count; i++) {
    bool is_edge = spec.outputs[i].kind == FLOW_OUTPUT_EDGE;
    box->output_channels.push_back(is_edge ? static_cast<uint32_t>(keyed_.size()) : 1);
  }
  FlowHost& host = box->callbacks;
  host.context = box.get();
  host.take_batch = [](void* context, uint32_t output, uint32_t) {
    auto* self = static_cast<TaskBox*>(context);
    const FlowProgram& program = *self->host->api_.program;
    uint32_t layout = program.chains[self->chain].outputs[output].layout;
    uint32_t stride = layout == FLOW_NONE ? 0 : program.layouts[layout].stride;
    return self->host->api_.flow_batch_new(stride, 16, 1024);
  };
  host.send = [](void* context, uint32_t output, uint32_t channel, FlowBatch* batch) -> uint8_t {
    auto* self = static_cast<TaskBox*>(context);
    SmallHost& owner = *self->host;
    if (owner.api_.program->chains[self->chain].outputs[output].kind == FLOW_OUTPUT_EDGE) {
      owner.keyed_[channel]->inbox.push_back({.kind = Element::batch, .rows = batch});
      return 1;
    }
    uint64_t bytes = 0;
    const uint8_t* data = owner.api_.flow_batch_data(batch, &bytes);
    owner.output_.append(reinterpret_cast<const char*>(data), bytes);
    owner.api_.flow_batch_free(batch);
    return 1;
  };
  host.send_watermark = [](void* context, int64_t time, uint8_t is_idle) {
    auto* self = static_cast<TaskBox*>(context);
    if (self->chain != 0) return;
    for (auto& box : self->host->keyed_)
      box->inbox.push_back({.kind = Element::watermark, .time = time, .is_idle = is_idle != 0});
  };
  host.group_of = [](void*, uint64_t hash) { return static_cast<uint32_t>(hash % group_count); };
  host.channel_of = [](void* context, uint32_t, const uint64_t* hashes, uint32_t count, uint32_t* channels) {
    auto* self = static_cast<TaskBox*>(context);
    for (uint32_t i = 0; i < count; i++)
      channels[i] = self->host->owner_of(static_cast<uint32_t>(hashes[i] % group_count));
  };
  host.log = [](void*, int, const char*) {};
  FlowPlace place{.chain = chain,
                  .index = index,
                  .parallelism = parallelism,
                  .group_count = group_count,
                  .params = params_.data(),
                  .output_channels = box->output_channels.data(),
                  .options = api_.flow_configured_options(configured_)};
  box->task = api_.flow_task_open(api_.program, &place, &box->callbacks);
  return box;
}

void SmallHost::check(const TaskBox& box, bool is_good) const {
  if (is_good) return;
  FlowTaskError error = api_.flow_task_error(box.task);
  ADD_FAILURE() << "chain " << box.chain << ": " << (error.text != nullptr ? error.text : "no error text");
}

void SmallHost::read_until(int64_t end) {
  if (split_ == nullptr) split_ = api_.flow_split_open(source_->task, "0", 0, 1, 0);
  while (api_.flow_split_cursor(split_) < end) {
    int64_t cursor = api_.flow_split_cursor(split_);
    // A window of event numbers; positions count from its beginning.
    FlowInput input{.data = nullptr, .end = end, .rows_max = 100, .is_last = 0, .reserved = {}};
    int64_t reached = api_.flow_task_pull(source_->task, split_, &input, cursor);
    check(*source_, reached >= 0);
    if (reached < 0) return;
    api_.flow_split_advance(split_, reached - cursor);
    step(*source_);
    work_off();
  }
}

void SmallHost::settle() {
  if (api_.flow_task_drain(source_->task) != 0) step(*source_);
  api_.flow_task_flush(source_->task);
  work_off();
}

void SmallHost::go_idle() {
  api_.flow_split_idle(source_->task, split_, 1);
  step(*source_);
  work_off();
}

void SmallHost::finish() {
  api_.flow_split_end(source_->task, split_);
  step(*source_);
  api_.flow_task_flush(source_->task);
  EXPECT_TRUE(api_.flow_task_is_finished(source_->task));
  for (auto& box : keyed_) box->inbox.push_back({.kind = Element::end});
  work_off();
  for (auto& box : keyed_) api_.flow_task_flush(box->task);
  for (auto& box : keyed_) EXPECT_TRUE(api_.flow_task_is_finished(box->task));
}

void SmallHost::work_off() {
  for (auto& box : keyed_) work(*box);
}

void SmallHost::work(TaskBox& box) {
  while (!box.inbox.empty()) {
    Element element = box.inbox.front();
    box.inbox.pop_front();
    take(box, element);
    step(box);
  }
}

void SmallHost::take(TaskBox& box, Element element) {
  heard_of_idle_ = heard_of_idle_ || element.is_idle;
  if (element.kind == Element::watermark)
    return api_.flow_task_watermark(box.task, 0, element.time, element.is_idle ? 1 : 0);
  if (element.kind == Element::end) return api_.flow_task_end(box.task, 0);
  const int64_t all = INT64_MAX;
  int64_t taken = api_.flow_task_push(box.task, 0, element.rows, 0);
  check(box, taken >= 0 && taken < all);
  rows_arrived_ += taken;
  api_.flow_batch_free(element.rows);
}

void SmallHost::step(TaskBox& box) {
  int32_t more = 0;
  while ((more = api_.flow_task_step(box.task)) > 0) {
  }
  check(box, more == 0);
}

SnapshotBytes SmallHost::capture(const std::vector<TaskBox*>& boxes) {
  SnapshotBytes bytes;
  auto write_to = [](std::string& text) {
    return FlowWriter{&text, [](void* context, const void* data, uint64_t size) {
                        static_cast<std::string*>(context)->append(static_cast<const char*>(data), size);
                      }};
  };
  for (TaskBox* box : boxes) {
    if (api_.flow_task_drain(box->task) != 0) step(*box);
    api_.flow_task_flush(box->task);
    FlowSnapshot* snapshot = api_.flow_task_capture(box->task, 1);
    std::vector<uint32_t> groups(group_count);
    groups.resize(api_.flow_snapshot_groups(snapshot, groups.data(), group_count));
    for (uint32_t group : groups) {
      EXPECT_EQ(owner_of(group), box->index) << "a group in two tasks";
      FlowWriter writer = write_to(bytes.groups[group]);
      api_.flow_snapshot_write_group(snapshot, group, &writer);
    }
    for (uint32_t i = 0; i < api_.flow_snapshot_item_count(snapshot); i++) {
      bytes.items.emplace_back();
      FlowWriter writer = write_to(bytes.items.back());
      api_.flow_snapshot_write_item(snapshot, i, &writer);
    }
    api_.flow_snapshot_release(snapshot, 1);
  }
  return bytes;
}

SnapshotBytes SmallHost::keyed_snapshot() {
  std::vector<TaskBox*> boxes;
  for (auto& box : keyed_) boxes.push_back(box.get());
  return capture(boxes);
}

SnapshotBytes SmallHost::source_snapshot() { return capture({source_.get()}); }

void SmallHost::restore(const SnapshotBytes& keyed, const SnapshotBytes& source) {
  for (const auto& [group, bytes] : keyed.groups) {
    TaskBox& box = *keyed_[owner_of(group)];
    check(box, api_.flow_task_restore_group(box.task, group, bytes.data(), bytes.size()) == 0);
  }
  for (const std::string& item : keyed.items) {
    for (auto& box : keyed_) check(*box, api_.flow_task_restore_item(box->task, item.data(), item.size()) == 0);
  }
  for (const std::string& item : source.items) {
    check(*source_, api_.flow_task_restore_item(source_->task, item.data(), item.size()) == 0);
  }
  split_ = api_.flow_split_find(source_->task, "0");
  EXPECT_NE(split_, nullptr);
}

std::vector<std::string> SmallHost::lines() const {
  std::vector<std::string> lines;
  std::istringstream text(output_);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

} // namespace flow::tests
