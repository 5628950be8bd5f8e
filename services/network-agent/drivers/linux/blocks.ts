/** An nft table as named blocks. A full load or an incremental change is one nft transaction. */

export interface Block {
  readonly family: 'bridge' | 'inet';
  readonly kind: 'chain' | 'set';
  readonly name: string;
  /** Immutable while the block exists: the hook of a base chain, the type of a set. */
  readonly head: string;
  /** Rules of a chain, elements of a set. */
  readonly lines: readonly string[];
}

/** Replaces both tables in one transaction, so no frame passes a partial ruleset. */
export function rulesetText(table: string, blocks: readonly Block[]): string {
  const ofFamily = (family: Block['family']) => blocks.filter((block) => block.family === family).map(blockText);
  return (['bridge', 'inet'] as const)
    .flatMap((family) => [...deleteLines(family, table), `table ${family} ${table} {`, ...ofFamily(family), '}\n'])
    .join('\n');
}

export const deleteText = (table: string): string =>
  ['bridge', 'inet'].flatMap((family) => [...deleteLines(family, table), '']).join('\n');

/** Adds the table before it deletes it: deleting a table that does not exist fails. */
const deleteLines = (family: string, table: string) => [`table ${family} ${table}`, `delete table ${family} ${table}`];

function blockText({ kind, name, head, lines }: Block): string {
  const body = kind === 'set' ? elements('elements = ', lines) : lines;
  return [`${kind} ${name} {`, ...(head ? [head] : []), ...body, '}'].join('\n');
}

const elements = (before: string, lines: readonly string[]) =>
  lines.length > 0 ? [`${before}{ ${lines.join(', ')} }`] : [];

/** The incremental change from one ruleset to the next; null when a full replacement is needed. */
export function changeText(table: string, before: readonly Block[], after: readonly Block[]): string | null {
  const [old, next] = [byKey(before), byKey(after)];
  const changed = after.filter((block) => textOf(old.get(keyOf(block))) !== textOf(block));
  const removed = before.filter((block) => !next.has(keyOf(block)));
  if (changed.some((block) => (old.get(keyOf(block))?.head ?? block.head) !== block.head)) return null;
  const at = ({ family, name }: Block) => `${family} ${table} ${name}`;
  const sorted = (blocks: readonly Block[], first: Block['kind']) =>
    blocks.toSorted((a, b) => Number(b.kind === first) - Number(a.kind === first));
  return [
    ...sorted(
      changed.filter((block) => !old.has(keyOf(block))),
      'set',
    ).map((block) => `add ${block.kind} ${at(block)} { ${block.head.replaceAll('\n', '; ')}${block.head ? ';' : ''} }`),
    ...changed.filter((block) => old.has(keyOf(block))).map((block) => `flush ${block.kind} ${at(block)}`),
    ...removed.map((block) => `flush ${block.kind} ${at(block)}`),
    ...sorted(changed, 'set').flatMap((block) => fillLines(block, at(block))),
    ...sorted(removed, 'chain').map((block) => `delete ${block.kind} ${at(block)}`),
    '',
  ].join('\n');
}

const fillLines = ({ kind, lines }: Block, at: string) =>
  kind === 'set' ? elements(`add element ${at} `, lines) : lines.map((line) => `add rule ${at} ${line}`);

const keyOf = ({ family, kind, name }: Block) => `${family} ${kind} ${name}`;
const byKey = (blocks: readonly Block[]) => new Map(blocks.map((block) => [keyOf(block), block]));
const textOf = (block: Block | undefined) => (block ? blockText(block) : null);
