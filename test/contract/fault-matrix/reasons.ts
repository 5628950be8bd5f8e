/** Why a cell of the fault matrix cannot occur in Wattle, each with what a reader can check. */
export const reasons: Readonly<Record<string, string>> = {
  B11: 'No consumer acknowledges late: calls and notifications are consumed with noAck (shared/bus), and long tasks are rows.',
  D09: 'No read goes to a replica: a service reads and writes over the same connections, to the writable server (shared/db/writer.ts).',
  K43: 'No volume is wiped at its deletion: a thin pool that does not zero its blocks stops the start of the lvm driver, and files are unlinked.',
};
