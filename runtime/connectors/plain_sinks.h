// Sinks without a commit. The console shows records at once, batch by batch: after a crash and a restart those since
// the last checkpoint come again (at least once). Discard takes records and forgets them.
#pragma once

#include <memory>
#include <string>

#include "runtime/connectors/sink.h"

namespace flow::runtime {

Result<std::unique_ptr<Sink>> make_console_sink(std::string header);
Result<std::unique_ptr<Sink>> make_discard_sink();

} // namespace flow::runtime
