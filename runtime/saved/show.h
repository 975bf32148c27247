// Checkpoints and savepoints for people and scripts: what there is, and the entries of a state, read by what the
// checkpoint says of itself. Nothing is locked: the job may run meanwhile.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/store.h"
#include "runtime/env/env.h"
#include "runtime/saved/schema.h"

namespace flow::runtime {

// Folders of complete epochs, oldest first, of each job by itself, that which was started last behind the others: DIR
// may be one of them or hold them (store.h).
Result<std::vector<std::string>> find_epochs(Env& env, const std::string& folder);

// What the epochs are and hold, in lines.
Result<std::string> list_states(Env& env, const std::string& folder);

enum class ShowFormat : uint8_t { csv, json };

// Hands out the entries of `name` as lines, CSV with a header. A name is that of a state ("alerts.process"), or of one
// cell or timer of it ("alerts.process.first", or "first" alone if only one state has it). Of a folder with several
// epochs the newest is shown. Entries in which the cell is not set are left out. In no order.
Status show_state(Env& env, const std::string& folder, std::string_view name, ShowFormat format,
                  const std::function<Status(std::string_view lines)>& write);

} // namespace flow::runtime
