/** See own-files.js. */
export function resolveOwnFiles(): unknown;
