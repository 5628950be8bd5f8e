/** Which part of the page is shown is in its address, after `#`: the browser's back button and bookmarks work. */
import { useEffect, useState } from 'preact/hooks';

/** `#screen/ID`. */
export interface View {
  readonly name: string;
  readonly id: string;
}

function current(): View {
  const [name = '', id = ''] = location.hash.slice(1).split('/');
  return { name: name || 'machines', id };
}

export const show = (name: string, id = ''): void => {
  location.hash = id === '' ? name : `${name}/${id}`;
};

/** Moves the focus to the content, so that a screen reader reads it. */
export function useView(): View {
  const [view, setView] = useState(current);
  useEffect(() => {
    const change = () => {
      setView(current());
      document.getElementById('content')?.focus();
    };
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return view;
}
