/** A row as clients of a version see it. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { type Attributes, columnOf } from './attribute.ts';

/** Every attribute that the version has, in the order of the definition. */
export function viewOf(attributes: Attributes): (row: object, version?: Version) => Record<string, unknown> {
  const shown = Object.entries(attributes).map(([name, attribute]) => {
    const { since, show = (value: unknown) => value } = attribute.options;
    const column = columnOf(name, attribute);
    const read = (row: object): unknown => show(column === null ? null : Reflect.get(row, column));
    return { name, since, read };
  });
  return (row, version) => {
    const seen = shown.filter(({ since }) => !since || !version || atLeast(version, since));
    return Object.fromEntries(seen.map(({ name, read }) => [name, read(row)]));
  };
}
