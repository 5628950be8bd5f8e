/**
 * Returns the own property of a table, for keys that come from outside. A plain `table[key]` also finds inherited
 * properties: `constructor`, `toString`, `__proto__`.
 */
export const own = <T>(table: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;

/** The inherited properties of every object, for tests that send them as keys. */
export const inheritedWords: readonly string[] = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];
