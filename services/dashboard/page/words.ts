/** All texts of the page, by language. `{name}` stands for a value. */

import { german } from './words-de.ts';
import { english, type Word } from './words-en.ts';

export type { Word } from './words-en.ts';

const tables = { en: english, de: german } as const satisfies Record<string, Readonly<Record<Word, string>>>;
type Language = keyof typeof tables;

const known = (text: string | null): Language | undefined => (text === 'de' || text === 'en' ? text : undefined);
const chosen = known(localStorage.getItem('language')) ?? known(navigator.language.slice(0, 2)) ?? 'en';
document.documentElement.lang = chosen;

export const language: Language = chosen;

export function changeLanguage(next: Language): void {
  localStorage.setItem('language', next);
  location.reload();
}

export function say(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  return tables[chosen][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A word that is made of what the server says, such as a state; the text itself where the table has none. */
export const sayKnown = (prefix: string, text: string): string => {
  const word = `${prefix}.${text}`;
  return word in english ? say(word as Word) : text;
};
