/** Advisories that have neither a test nor a reason yet; a line goes with its test or its reason. */
export const open: readonly string[] = [];
