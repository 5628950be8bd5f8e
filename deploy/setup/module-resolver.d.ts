/** See module-resolver.js. */
export function installResolver(): unknown;
