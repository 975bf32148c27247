#include "runtime/host/native_host.h"

#include <algorithm>
#include <unordered_map>

namespace flow::runtime {
namespace {

constexpr int64_t turn_us = 100;
constexpr int64_t spin_us = 50; // about what waking a thread costs
constexpr int64_t sleep_max_us = 100'000;
constexpr int64_t tick_us = 50'000;

int64_t sleep_us(int64_t deadline_us, int64_t now_us, int64_t at_most_us) {
  if (deadline_us == no_deadline) return at_most_us;
  return std::clamp<int64_t>(deadline_us - now_us, 0, at_most_us);
}

} // namespace

NativeHost::NativeHost(Env& env, Job& job, uint32_t workers) : env_(env), job_(job) {
  uint32_t widest = 1;
  for (const auto& runner : job.runners()) widest = std::max(widest, runner->place().index + 1);
  uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  place_parts(std::min(widest, workers == 0 ? cores : workers));
  connect_signals();
}

NativeHost::~NativeHost() { stop_threads(); }

void NativeHost::place_parts(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>());
  for (const auto& runner : job_.runners()) workers_[runner->place().index % count]->parts.push_back(runner.get());
  if (!job_.sink_parts().empty()) {
    workers_.push_back(std::make_unique<Worker>());
    for (const auto& sink : job_.sink_parts()) workers_.back()->parts.push_back(sink.get());
  }
  is_crowded_ = workers_.size() > std::max(1u, std::thread::hardware_concurrency());
  if (job_.writer() != nullptr) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->parts.push_back(job_.writer());
  }
}

void NativeHost::connect_signals() {
  std::unordered_map<const Part*, Signal*> signal_of;
  for (const auto& worker : workers_) {
    for (Part* part : worker->parts) signal_of[part] = &worker->signal;
  }
  for (const Job::Link& link : job_.links()) {
    Signal* producer = signal_of.at(link.producer);
    Signal* consumer = signal_of.at(link.consumer);
    bool is_one_thread = producer == consumer;
    link.channel->set_signals(is_one_thread ? nullptr : producer, is_one_thread ? nullptr : consumer);
  }
  job_.events().set_signal(&main_signal_);
  if (job_.writer() != nullptr) job_.state_writes().set_signal(&workers_.back()->signal);
}

void NativeHost::start_threads() {
  for (const auto& worker : workers_) {
    worker->thread = std::thread([this, one = worker.get()] { work(*one); });
  }
}

void NativeHost::stop_threads() {
  is_over_.store(true, std::memory_order_release);
  wake_all();
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void NativeHost::wake_all() {
  for (const auto& worker : workers_) worker->signal.notify();
}

// What the coordinator decides, tasks learn by looking: they are woken to look.
Outcome NativeHost::run(const std::function<void()>& tick) {
  start_threads();
  Coordinator& coordinator = job_.coordinator();
  while (coordinator.outcome() == Outcome::running) {
    uint32_t seen = main_signal_.generation();
    int64_t now_us = env_.monotonic_us();
    if (coordinator.step(now_us) == Progress::worked) {
      wake_all();
      continue;
    }
    tick();
    main_signal_.wait(seen, sleep_us(coordinator.deadline_us(), now_us, tick_us));
  }
  stop_threads();
  return coordinator.outcome();
}

void NativeHost::work(Worker& worker) {
  while (true) {
    Look look = run_turns(worker);
    if (!look.has_worked) look.has_worked = rest(worker);
    if (!look.has_worked && worker.spins.is_worth_it()) {
      look = spin(worker);
      worker.spins.learn(look.has_worked);
    }
    if (is_over_.load(std::memory_order_acquire))
      return; // asked behind `seen`: the call that goes with it is not missed
    if (look.has_worked) continue;
    worker.signal.wait(look.seen, sleep_us(look.deadline_us, env_.monotonic_us(), sleep_max_us));
  }
}

bool NativeHost::SpinHabit::is_worth_it() {
  constexpr uint32_t try_again_every = 32;
  return hopes_ > 0 || ++waits_ % try_again_every == 0;
}

void NativeHost::SpinHabit::learn(bool has_come) {
  constexpr int hopes_max = 8;
  hopes_ = has_come ? hopes_max : std::max(0, hopes_ - 1);
}

NativeHost::Look NativeHost::run_turns(Worker& worker) {
  Look look{.seen = worker.signal.generation()};
  int64_t now_us = env_.monotonic_us();
  for (Part* part : worker.parts) now_us = run_turn(*part, now_us, look);
  return look;
}

// Gives the time after it. The clock is read once per action.
int64_t NativeHost::run_turn(Part& part, int64_t now_us, Look& look) {
  int64_t end_us = now_us + turn_us;
  Progress progress = part.step(now_us);
  while (progress == Progress::worked) {
    look.has_worked = true;
    now_us = env_.monotonic_us();
    if (now_us >= end_us) break;
    progress = part.step(now_us);
  }
  part.end_turn();
  if (progress == Progress::waiting) look.deadline_us = std::min(look.deadline_us, part.deadline_us());
  return now_us;
}

bool NativeHost::rest(Worker& worker) {
  int64_t now_us = env_.monotonic_us();
  bool has_worked = false;
  for (Part* part : worker.parts) {
    if (part->rest(now_us) != Progress::worked) continue;
    has_worked = true;
    part->end_turn();
  }
  return has_worked;
}

NativeHost::Look NativeHost::spin(Worker& worker) {
  int64_t end_us = env_.monotonic_us() + spin_us;
  while (true) {
    relax();
    Look look = run_turns(worker);
    if (look.has_worked || env_.monotonic_us() >= end_us) return look;
  }
}

void NativeHost::relax() const {
  if (is_crowded_) {
    std::this_thread::yield();
    return;
  }
#if defined(__x86_64__)
  for (int i = 0; i < 4; ++i) __builtin_ia32_pause(); // the lines looked at stay with who writes them
#endif
}

} // namespace flow::runtime
