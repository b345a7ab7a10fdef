//! Tables for people: columns of plain text, without lines, that survive a pipe.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use crate::screen::Look;
