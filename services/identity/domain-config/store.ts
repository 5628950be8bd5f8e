import type { Knex } from 'knex';

export interface DomainOption {
  readonly domainId: string;
  readonly group: string;
  readonly option: string;
  readonly value: unknown;
}

type OptionFilter = Partial<Omit<DomainOption, 'value'>>;

export async function listOptions(db: Knex, filter: OptionFilter): Promise<DomainOption[]> {
  const rows = await db('domain_options')
    .where({ ...filter })
    .orderBy(['group', 'option']);
  return rows.map((row: DomainOption & { value: string }) => ({ ...row, value: JSON.parse(row.value) as unknown }));
}

export async function setOption(tx: Knex, { value, ...key }: DomainOption): Promise<void> {
  const json = JSON.stringify(value);
  if (await tx('domain_options').where(key).update({ value: json })) return;
  if (!(await tx('domain_options').where(key).first('option')))
    await tx('domain_options').insert({ ...key, value: json });
}

export const removeOptions = (tx: Knex, filter: OptionFilter): Promise<number> =>
  tx('domain_options')
    .where({ ...filter })
    .delete();
