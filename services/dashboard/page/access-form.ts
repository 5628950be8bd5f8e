/** Who reaches a machine: what is open, and its public address. */
import { useEffect, useState } from 'preact/hooks';
import type { Access } from '../access/operations.ts';
import { ask, problemOf } from './api.ts';
import { html } from './html.ts';
import { say, type Word } from './words.ts';

export function AccessForm({ id }: { readonly id: string }) {
  const [access, setAccess] = useState<Access>();
  const [problem, setProblem] = useState('');
  const send = async (method: string, below: string) => {
    setProblem('');
    await ask<{ access: Access }>(method, `/machines/${id}/access${below}`).then(
      (found) => setAccess(found.access),
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  useEffect(() => void send('GET', ''), [id]);
  return html`<div class="texts">
    <p role="alert" class="problem">${problem}</p>
    ${
      access &&
      html`<fieldset class="doors">
          <legend>${say('access.doors')}</legend>
          ${access.doors.map(
            ({ name, open }) =>
              html`<label key=${name}>
                <input
                  type="checkbox"
                  checked=${open}
                  onChange=${() => void send(open ? 'DELETE' : 'PUT', `/doors/${name}`)}
                />
                ${say(`access.${name}` as Word)}
              </label>`,
          )}
        </fieldset>
        <button onClick=${() => void send(access.public_address ? 'DELETE' : 'PUT', '/address')}>
          ${access.public_address ? say('access.noAddress', { address: access.public_address }) : say('access.address')}
        </button>`
    }
  </div>`;
}
