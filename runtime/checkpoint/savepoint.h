// Savepoints: an epoch in a folder of its own, complete in itself. All its bytes are copies, so it may lie on another
// disk and stays what it is whatever happens to the checkpoints; all its output shows by the time it is there.
//
// The epoch is first an ordinary checkpoint of the job. The manifest of the copy is written last, as of any epoch.
#pragma once

#include <string>

#include "runtime/checkpoint/store.h"

namespace flow::runtime {

// Makes the folder that a savepoint is to lie in. One that holds anything, and one within the folder of the
// checkpoints, is refused (`request_refused`).
Status prepare_savepoint(Env& env, const std::string& folder, const std::string& state_folder);

// Writes the epoch as a savepoint, durable when it returns. All its output has been committed. What a failure leaves
// behind is no epoch and is removed.
Status write_savepoint(Env& env, const StoredEpoch& epoch, const std::string& folder);

// Copies the epoch's state files, each compared with its checksums, and then its manifest as it is given. The folder
// exists and has none of them.
Status copy_epoch(Env& env, const StoredEpoch& epoch, const Manifest& manifest, const std::string& folder);

} // namespace flow::runtime
