#include "compiler/driver/link.h"

#include <span>
#include <vector>

#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace flow::driver {

namespace {

/// What a foreign host calls: runtime/abi/flow_host.h, all of it.
constexpr const char* host_functions[] = {"flow_configure",
                                          "flow_configured_options",
                                          "flow_configured_free",
                                          "flow_task_open",
                                          "flow_task_close",
                                          "flow_task_push",
                                          "flow_task_pull",
                                          "flow_task_watermark",
                                          "flow_task_end",
                                          "flow_task_step",
                                          "flow_task_is_finished",
                                          "flow_task_flush",
                                          "flow_task_drain",
                                          "flow_task_error",
                                          "flow_task_counters",
                                          "flow_task_current_watermark",
                                          "flow_split_open",
                                          "flow_split_idle",
                                          "flow_split_watermark",
                                          "flow_split_end",
                                          "flow_split_advance",
                                          "flow_task_capture",
                                          "flow_snapshot_groups",
                                          "flow_snapshot_write_group",
                                          "flow_snapshot_item_count",
                                          "flow_snapshot_write_item",
                                          "flow_snapshot_written",
                                          "flow_snapshot_release",
                                          "flow_task_restore_group",
                                          "flow_task_restore_item",
                                          "flow_item_split_name",
                                          "flow_split_find",
                                          "flow_split_cursor",
                                          "flow_split_is_finished",
                                          "flow_batch_new",
                                          "flow_batch_free",
                                          "flow_batch_reset",
                                          "flow_batch_copy",
                                          "flow_batch_bytes",
                                          "flow_batch_data"};

std::vector<std::string> common_arguments(const LinkJob& job) {
  std::vector<std::string> arguments = {"ld.lld", "--gc-sections", "--build-id", "--eh-frame-hdr", "-z", "noexecstack",
                                        "-z",     "relro",         "-o",         job.output};
  if (!job.keep_debug_info) arguments.push_back("--strip-debug");
  return arguments;
}

void append(std::vector<std::string>& arguments, const std::string& folder, std::span<const char* const> names) {
  for (const char* name : names) arguments.push_back(folder + "/" + name);
}

/// Static and not position independent: it runs on a bare Linux machine.
std::vector<std::string> executable_arguments(const LinkJob& job) {
  std::vector<std::string> arguments = common_arguments(job);
  arguments.push_back("-static");
  constexpr const char* begin[] = {"crt1.o", "crti.o", "crtbeginT.o"};
  constexpr const char* libraries[] = {"libflow_runtime.a", "libzstd.a", "libz.a",   "libre2.a",    "libstdc++.a",
                                       "libm-2.36.a",       "libmvec.a", "libgcc.a", "libgcc_eh.a", "libc.a"};
  constexpr const char* end[] = {"crtend.o", "crtn.o"};
  append(arguments, job.inputs, begin);
  arguments.push_back(job.object);
  arguments.push_back("--start-group");
  if (job.runs_tests) arguments.push_back(job.inputs + "/libflow_testing.a"); // first: its main counts
  append(arguments, job.inputs, libraries);
  arguments.push_back("--end-group");
  append(arguments, job.inputs, end);
  return arguments;
}

/// Exports the host's functions and the program, and nothing else.
std::vector<std::string> shared_arguments(const LinkJob& job) {
  std::vector<std::string> arguments = common_arguments(job);
  arguments.push_back("-shared");
  arguments.push_back("-Bsymbolic");
  for (const char* name : host_functions) {
    arguments.push_back(std::string("--undefined=") + name);
    arguments.push_back(std::string("--export-dynamic-symbol=") + name);
  }
  arguments.push_back("--exclude-libs=libstdc++.a:libzstd.a:libz.a:libre2.a");
  constexpr const char* libraries[] = {"libflow_runtime.a", "libzstd.a", "libz.a", "libre2.a"};
  constexpr const char* system[] = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"};
  arguments.push_back(job.object);
  arguments.push_back("--start-group");
  append(arguments, job.inputs, libraries);
  arguments.push_back("--end-group");
  append(arguments, job.inputs, system);
  return arguments;
}

} // namespace

std::string link(const LinkJob& job) {
  std::vector<std::string> arguments = job.shared ? shared_arguments(job) : executable_arguments(job);
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  std::string problems;
  llvm::raw_string_ostream out(problems);
  lld::Result result = lld::lldMain(pointers, out, out, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0) return {};
  return problems.empty() ? "the linker failed without a word" : out.str();
}

std::string link_inputs_folder() {
  static const char anchor = 0;
  std::string self = llvm::sys::fs::getMainExecutable("flowc", const_cast<char*>(&anchor));
  llvm::SmallString<256> folder(llvm::sys::path::parent_path(llvm::sys::path::parent_path(self)));
  llvm::sys::path::append(folder, "lib", "flow");
  return folder.str().str();
}

} // namespace flow::driver
