// Mistakes on purpose. Tests of the simulation switch them on, one at a time, to see that it would catch them; in a job
// all of them are off. Each is read at the one place where the mistake could be made.
#pragma once

namespace flow::runtime {

struct Canaries {
  bool skips_fsync_of_output = false;       // staged output is acknowledged without having been made durable
  bool commits_before_manifest = false;     // output becomes visible before the epoch is decided
  bool forgets_watermarks = false;          // a restore brings cursors and tables, but no watermarks
  bool barrier_overtakes_watermark = false; // to some tasks the barrier is sent before the watermark in front of it
  bool sends_to_wrong_group = false;        // some keys go to a task that does not own their group
  bool forgets_staging = false;             // a start does not commit what its manifest lists
};

} // namespace flow::runtime
