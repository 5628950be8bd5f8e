/** An nft table as named blocks, so that a change is only what differs; as whole or as change it is one transaction. */

export interface Block {
  readonly family: 'bridge' | 'inet';
  readonly kind: 'chain' | 'set';
  readonly name: string;
  /** What cannot change while the block stands: the hook of a base chain, the type of a set. */
  readonly head: string;
  /** Rules of a chain, elements of a set. */
  readonly lines: readonly string[];
}

/** Replaces the tables: no frame ever sees half of them. */
export function wholeText(table: string, blocks: readonly Block[]): string {
  const ofFamily = (family: Block['family']) => blocks.filter((block) => block.family === family).map(blockText);
  return (['bridge', 'inet'] as const)
    .flatMap((family) => [...goneLines(family, table), `table ${family} ${table} {`, ...ofFamily(family), '}\n'])
    .join('\n');
}

export const goneText = (table: string): string =>
  ['bridge', 'inet'].flatMap((family) => [...goneLines(family, table), '']).join('\n');

/** Deleting what is not there fails, adding what is there does not. */
const goneLines = (family: string, table: string) => [`table ${family} ${table}`, `delete table ${family} ${table}`];

function blockText({ kind, name, head, lines }: Block): string {
  const body = kind === 'set' ? elements('elements = ', lines) : lines;
  return [`${kind} ${name} {`, ...(head ? [head] : []), ...body, '}'].join('\n');
}

const elements = (before: string, lines: readonly string[]) =>
  lines.length > 0 ? [`${before}{ ${lines.join(', ')} }`] : [];

/** From one state of the tables to the next. Null when that cannot be said as a change. */
export function changeText(table: string, before: readonly Block[], after: readonly Block[]): string | null {
  const [old, fresh] = [byKey(before), byKey(after)];
  const changed = after.filter((block) => textOf(old.get(keyOf(block))) !== textOf(block));
  const removed = before.filter((block) => !fresh.has(keyOf(block)));
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
    ...sorted(changed, 'set').flatMap((block) => filling(block, at(block))),
    ...sorted(removed, 'chain').map((block) => `delete ${block.kind} ${at(block)}`),
    '',
  ].join('\n');
}

const filling = ({ kind, lines }: Block, at: string) =>
  kind === 'set' ? elements(`add element ${at} `, lines) : lines.map((line) => `add rule ${at} ${line}`);

const keyOf = ({ family, kind, name }: Block) => `${family} ${kind} ${name}`;
const byKey = (blocks: readonly Block[]) => new Map(blocks.map((block) => [keyOf(block), block]));
const textOf = (block: Block | undefined) => (block ? blockText(block) : null);
