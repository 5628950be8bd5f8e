/** The worst texts for a pattern: many repetitions of a part that matches, then an end that does not. */
export const worstBytes = 64 * 1024;

/** The characters in the pattern, and one of each common class. */
function alphabetOf(source: string): string[] {
  const used = [...source.replace(/\\[dDwWsSbB]/g, '').replace(/\\(.)/g, '$1')];
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
  return [...new Set([...used, ...usual])];
}

/** Literal pieces of the pattern, which several of its parts may match. */
const piecesOf = (source: string): string[] => source.match(/[A-Za-z0-9/=:.,"' _-]{2,12}/g) ?? [];

export function worstTexts(source: string): string[] {
  const alphabet = alphabetOf(source);
  const used = [...new Set([...source].filter((char) => !/[\\()[\]{}|?*+^$]/.test(char)))].slice(0, 24);
  const pairs = used
    .flatMap((a) => used.map((b) => a + b))
    .filter(([a, b]) => a !== b)
    .slice(0, 60);
  const pumps = [...alphabet, ...piecesOf(source).slice(0, 12), ...pairs];
  const heads = ['', ...piecesOf(source).slice(0, 4), ...used.slice(0, 6)];
  return pumps.flatMap((pump) => {
    const body = pump.repeat(Math.floor(worstBytes / pump.length));
    return heads.flatMap((head) =>
      ['\u0000', '!\u0000'].slice(0, head === '' ? 2 : 1).map((tail) => head + body + tail),
    );
  });
}
