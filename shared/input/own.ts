/**
 * Looks up a word that came from outside in a table. A plain `table[word]` also finds what every object inherits:
 * `constructor`, `toString`, `__proto__`.
 */
export const own = <T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined =>
  word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;

/** Words that every object answers to, whatever it holds; for tests that send them as keys. */
export const inheritedWords: readonly string[] = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];
