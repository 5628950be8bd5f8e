/** The parts of the page. */
import { useEffect, useState } from 'preact/hooks';
import { ask, type Machine } from './api.ts';
import { html } from './html.ts';
import { Library } from './library.ts';
import { Machines } from './machines.ts';
import { NewMachine } from './new-machine.ts';
import { Rack } from './rack.ts';
import { Screen } from './screen.ts';
import { show, useView } from './view.ts';
import { say, type Word } from './words.ts';

const parts = ['machines', 'library'];

export function Navigation() {
  const { name } = useView();
  const [seesHosts, setSeesHosts] = useState(false);
  useEffect(
    () =>
      void ask('GET', '/rack').then(
        () => setSeesHosts(true),
        () => {}, // the services let only administrators see it
      ),
    [],
  );
  return html`<nav aria-label=${say('app.parts')}>
    ${[...parts, ...(seesHosts ? ['rack'] : [])].map(
      (part) =>
        html`<a key=${part} href=${`#${part}`} aria-current=${part === name ? 'page' : undefined}>
          ${say(`app.${part}` as Word)}
        </a>`,
    )}
  </nav>`;
}

/** `machines` is undefined until they are known. */
export function Content({ machines }: { readonly machines: readonly Machine[] | undefined }) {
  const { name, id } = useView();
  if (name === 'new') return html`<${NewMachine} onDone=${() => show('machines')} />`;
  if (name === 'library') return html`<${Library} />`;
  if (name === 'rack') return html`<${Rack} />`;
  if (!machines) return null;
  const machine = machines.find((each) => each.id === id);
  if (name === 'screen' && machine) return html`<${Screen} machine=${machine} onClose=${() => show('machines')} />`;
  return html`<div class="head">
      <h1>${say('app.machines')}</h1>
      <a class="button main" href="#new">${say('machines.new')}</a>
    </div>
    <${Machines} machines=${machines} onScreen=${(each: Machine) => show('screen', each.id)} />`;
}
