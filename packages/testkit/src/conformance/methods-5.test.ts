import { methodsShelf } from './methods-shelf.ts'

methodsShelf(4)
