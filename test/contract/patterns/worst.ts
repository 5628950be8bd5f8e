/** The worst texts for a pattern: what it can repeat, over and over, and then what it cannot end with. */
export const worstBytes = 64 * 1024;

/** Characters that the pattern speaks of, and one of each usual kind. */
function alphabetOf(source: string): string[] {
  const spoken = [...source.replace(/\\[dDwWsSbB]/g, '').replace(/\\(.)/g, '$1')];
  const usual = [
    'a',
    'Z',
    '0',
    ' ',
    '\t',
    '\n',
    '-',
    '_',
    '.',
    ',',
    ':',
    ';',
    '/',
    '=',
    '"',
    "'",
    '\\',
    '(',
    '[',
    '{',
    '%',
    '&',
    '<',
    'é',
  ];
  return [...new Set([...spoken, ...usual])];
}

/** Pieces of the pattern as they stand: words that several parts of it may want. */
const wordsOf = (source: string): string[] => source.match(/[A-Za-z0-9/=:.,"' _-]{2,12}/g) ?? [];

export function worstTexts(source: string): string[] {
  const alphabet = alphabetOf(source);
  const spoken = [...new Set([...source].filter((char) => !/[\\()[\]{}|?*+^$]/.test(char)))].slice(0, 24);
  const pairs = spoken
    .flatMap((a) => spoken.map((b) => a + b))
    .filter(([a, b]) => a !== b)
    .slice(0, 60);
  const pumps = [...alphabet, ...wordsOf(source).slice(0, 12), ...pairs];
  const heads = ['', ...wordsOf(source).slice(0, 4), ...spoken.slice(0, 6)];
  return pumps.flatMap((pump) => {
    const body = pump.repeat(Math.floor(worstBytes / pump.length));
    return heads.flatMap((head) =>
      ['\u0000', '!\u0000'].slice(0, head === '' ? 2 : 1).map((tail) => head + body + tail),
    );
  });
}
