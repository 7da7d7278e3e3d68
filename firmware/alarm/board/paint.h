#ifndef OUTRIDER_PAINT_H
#define OUTRIDER_PAINT_H

#define PAINT 0xC5 /* RAM that nothing has used since reset */

#endif
