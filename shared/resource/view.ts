/** A row as one caller sees it, in one version of the API. */
import { atLeast } from '#shared/api/versions.ts';
import { type Attribute, type Attributes, columnOf, type Seen } from './attribute.ts';

/** Every attribute that the version has and the caller may see, in the order of the definition. */
export function viewOf(attributes: Attributes): (row: object, seen: Seen) => Record<string, unknown> {
  const shown = Object.entries(attributes)
    .filter(([, { options }]) => !options.hidden)
    .map(([name, attribute]) => ({ name, attribute, column: columnOf(name, attribute) }));
  return (row, seen) => {
    const view: Record<string, unknown> = {};
    for (const { name, attribute, column } of shown)
      if (isSeen(attribute, seen)) view[name] = shownValue(row, column, attribute, seen);
    return view;
  };
}

/** Those of short lists. */
export const briefOf = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, { options }]) => options.brief));

const isSeen = ({ options: { since, rule } }: Attribute, { version, may }: Seen): boolean =>
  (!since || !version || atLeast(version, since)) && (!rule || may(rule));

function shownValue(row: object, column: string | null, attribute: Attribute, seen: Seen): unknown {
  const value: unknown = column === null ? null : Reflect.get(row, column);
  const { earlier, show } = attribute.options;
  if (earlier && seen.version && !atLeast(seen.version, earlier.until)) return earlier.show(value);
  return show ? show(value, seen) : value;
}
