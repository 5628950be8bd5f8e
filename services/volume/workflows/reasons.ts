/** Removes reasons with internal details (hosts, paths, addresses) from what non-administrators see. */

const internal =
  /\bHost \S+:|\/(?:var|dev|tmp|proc|etc|home|root|mnt|srv|opt|run)\b|\d{1,3}(?:\.\d{1,3}){3}|iqn\.|qemu|tgtd/i;

export const publicReason = (reason: string): string =>
  internal.test(reason) ? 'The storage could not do it. An administrator can see why.' : reason;
